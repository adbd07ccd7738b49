// The little of UTF-8 that reading a text file needs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe::config::detail {

/// Length of the well-formed character at the start of the text; 0 when there is none.
std::size_t character_length(std::string_view text);

/// Appends a code point. False, and nothing appended, when it is none (surrogates, above U+10FFFF).
bool append_character(std::string& text, char32_t code_point);

} // namespace troupe::config::detail
