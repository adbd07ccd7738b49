#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::gateway {

/// A host and port as Host fields and request targets name them.
struct host_and_port {
  std::string_view host; // with the brackets of an IPv6 address
  std::uint16_t port = 0;

  /// Hosts have no case.
  [[nodiscard]] bool same_as(const host_and_port& other) const noexcept;
};

/// "name", "name:port", "1.2.3.4", "[::1]:port" (RFC 3986, 3.2.2 and 3.2.3), without user
/// information; `default_port` stands for a missing one. None for all else, and for an empty host.
[[nodiscard]] std::optional<host_and_port> parse_host(std::string_view text,
                                                      std::uint16_t default_port = 80);

} // namespace troupe::gateway
