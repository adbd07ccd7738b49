#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe {

/// The request methods that routes can be registered for. The numbers go over the wire.
enum class http_method : std::uint8_t { get, head, post, put, delete_, patch, options };

inline constexpr std::size_t http_method_count = 7;

/// "GET", "HEAD", ...
std::string_view to_string(http_method method) noexcept;

/// Case-sensitive, as methods are; none for a method that no route can have.
std::optional<http_method> parse_method(std::string_view text) noexcept;

/// True for methods that ask for no change: their requests may be sent a second time.
constexpr bool is_safe(http_method method) noexcept {
  return method == http_method::get || method == http_method::head
         || method == http_method::options;
}

} // namespace troupe
