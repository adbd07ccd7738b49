#pragma once

#include "config/network.hpp"
#include "config/settings.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace troupe::gateway {

/// What the bytes at the beginning of a connection are as a PROXY header (the specification of
/// HAProxy, version 1 and 2).
struct proxy_header {
  enum class progress {
    need_more, ///< so far it may become a header
    done,
    failed, ///< no header, or one that names no address in a valid way
  };

  progress state = progress::need_more;
  /// Of `done`: how long the header is.
  std::size_t size = 0;
  /// Of `done`: where the connection comes from; none when the header says LOCAL or UNKNOWN, or
  /// names a Unix socket.
  std::optional<config::ip_address> source;
};

/// What may follow the fixed part of a version 2 header: addresses and type-length-values.
constexpr std::size_t longest_proxy_block = 4096;

/// Reads all bytes that have come so far: pure, so it is called again with more of them.
/// `accepted` is not `off`.
proxy_header read_proxy_header(std::string_view bytes, config::proxy_protocol accepted);

} // namespace troupe::gateway
