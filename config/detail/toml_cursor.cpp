#include "config/detail/toml_cursor.hpp"

#include "config/detail/utf8.hpp"
#include "config/detail/wording.hpp"

#include <fmt/format.h>

namespace troupe::config::detail {

char toml_cursor::take() {
  const char c = peek();
  ++position_;
  if (c == '\n') ++line_;
  return c;
}

bool toml_cursor::take_if(char expected) {
  if (at_end() || peek() != expected) return false;
  take();
  return true;
}

void toml_cursor::skip_spaces() {
  while (peek() == ' ' || peek() == '\t')
    take();
}

void toml_cursor::skip_comment() {
  if (peek() != '#') return;
  while (!at_line_end())
    take();
}

void toml_cursor::skip_blank() {
  for (;;) {
    skip_spaces();
    skip_comment();
    if (at_end() || !at_line_end()) return;
    take_if('\r');
    take_if('\n');
  }
}

void toml_cursor::finish_line() {
  skip_spaces();
  skip_comment();
  if (!at_line_end()) fail("the end of the line");
}

void toml_cursor::fail(std::string_view expected) const {
  if (at_end()) fail("the end of the file", expected);
  if (at_line_end()) fail("the end of the line", expected);
  fail(fmt::format("'{}'", on_one_line(rest().substr(0, character_length(rest())))), expected);
}

void toml_cursor::fail(std::string_view found, std::string_view expected) const {
  throw toml_error(line_, fmt::format("found {}, expected {}", found, expected));
}

} // namespace troupe::config::detail
