// A place in a TOML text, and the steps that keys and values share.
#pragma once

#include "config/detail/toml.hpp"

#include <string>
#include <string_view>

namespace troupe::config::detail {

class toml_cursor {
public:
  explicit toml_cursor(std::string_view text) : text_(text) {}

  /// The present character; '\0' at the end of the text, which itself holds none.
  char peek() const { return rest().empty() ? '\0' : rest().front(); }
  bool at_end() const { return rest().empty(); }
  bool at_line_end() const { return at_end() || peek() == '\n' || rest().starts_with("\r\n"); }
  std::string_view rest() const { return text_.substr(position_); }
  std::size_t line() const { return line_; }

  /// REQUIRES: not at_end().
  char take();

  /// Takes the character when it is the present one.
  bool take_if(char expected);

  void skip_spaces();

  /// Spaces, comments and line ends.
  void skip_blank();

  /// Spaces and a comment, then the end of the line. @throws toml_error on anything else.
  void finish_line();

  /// @throws toml_error "found HERE, expected EXPECTED", always.
  [[noreturn]] void fail(std::string_view expected) const;
  [[noreturn]] void fail(std::string_view found, std::string_view expected) const;

private:
  void skip_comment();

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t line_ = 1;
};

/// A string, number, boolean or list. @throws toml_error
toml_value read_value(toml_cursor& cursor);

/// A string in single or double quotes. REQUIRES: the cursor stands at the quote. @throws
/// toml_error
std::string read_string(toml_cursor& cursor);

} // namespace troupe::config::detail
