#include "actors/messages/http_method.hpp"

#include <array>

namespace troupe {

namespace {

constexpr std::array<std::string_view, http_method_count> names{"GET",    "HEAD",  "POST",   "PUT",
                                                                "DELETE", "PATCH", "OPTIONS"};

} // namespace

std::string_view to_string(http_method method) noexcept {
  return names[static_cast<std::size_t>(method) % names.size()];
}

std::optional<http_method> parse_method(std::string_view text) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text)
      return static_cast<http_method>(i);
  return std::nullopt;
}

} // namespace troupe
