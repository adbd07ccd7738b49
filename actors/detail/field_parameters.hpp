#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::detail {

/// A field value of the shape `word; name=value; name="value"`: Content-Type, Content-Disposition.
struct field_with_parameters {
  /// As sent, without space around: "text/plain".
  std::string_view word;
  /// Names as sent (they compare without regard to case), values without their quotes.
  std::vector<std::pair<std::string_view, std::string>> parameters;

  /// The first parameter of that name.
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
};

/// No client sends more, and each is compared with those before it.
inline constexpr std::size_t most_field_parameters = 16;

/// None: malformed, a name stands there twice, or there are more than `most_field_parameters`.
/// Empty parameters, as in "a;;b=c;", are passed over. Between quotes a backslash escapes quotes
/// and backslashes; in front of anything else it stands for itself, as clients write names of
/// files. Views into `text`.
std::optional<field_with_parameters> parse_field_with_parameters(std::string_view text);

/// Whether every character may stand in a token (RFC 9110, 5.6.2), and there is one.
bool is_token(std::string_view text) noexcept;

/// Without spaces and tabs at both ends.
std::string_view without_blanks(std::string_view text) noexcept;

} // namespace troupe::detail
