#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// What a listener receives (actors/listener.hpp).
struct notification {
  std::string payload;
  /// So many before this one were left out, because the listener was too slow.
  std::uint64_t missed = 0;
  /// It is none, and has no payload: the server was lost and is back, and nobody knows what was notified
  /// meanwhile. What the listener has made of earlier ones may be out of date.
  bool gap = false;
};

/// In bytes, of both databases alike.
inline constexpr std::size_t longest_channel_name = 63;
inline constexpr std::size_t longest_payload = 7'999;

namespace detail {

/// Throw error{invalid_argument} that says what is wrong.
void check_channel(std::string_view name);
void check_payload(std::string_view channel, std::string_view payload);

} // namespace detail

} // namespace troupe
