// Words of error lines: what was found, and which known name is meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

inline constexpr std::size_t longest_quote = 80;
inline constexpr std::size_t longest_path = 4096;

/// The text on one line: control characters as escapes, what is longer than `limit` cut off.
std::string on_one_line(std::string_view text, std::size_t limit = longest_quote);

/// on_one_line in double quotes; "an empty value" for the empty text.
std::string in_quotes(std::string_view text, std::size_t limit = longest_quote);

/// ", did you mean NAME?" for the known name that differs least, or nothing when none is near.
std::string suggestion(std::string_view unknown, const std::vector<std::string>& known);

/// "a, b or c".
std::string any_of_them(const std::vector<std::string>& names);

} // namespace troupe::config::detail
