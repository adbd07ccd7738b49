#pragma once

#include "config/detail/utf8.hpp"

#include <string_view>

namespace troupe::test {

/// One character after the other: for who checks a quicker way.
inline bool is_utf8_by_characters(std::string_view text) {
  while (!text.empty()) {
    const auto length = config::detail::character_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

} // namespace troupe::test
