#include "config/detail/toml_cursor.hpp"
#include "config/detail/utf8.hpp"

#include <algorithm>

namespace troupe::config::detail {
namespace {

constexpr std::string_view any_value = R"(a "text", a whole number, true, false or a [list])";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_word_character(char c) {
  return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '_' || c == '.' || c == ':';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void read_code_point(toml_cursor& cursor, int digits, std::string& result) {
  char32_t code_point = 0;
  for (int i = 0; i < digits; ++i) {
    const int digit = hex_digit(cursor.peek());
    if (digit < 0) cursor.fail("a hexadecimal digit");
    code_point = code_point * 16 + static_cast<char32_t>(digit);
    cursor.take();
  }
  if (!append_character(result, code_point))
    cursor.fail("an escape that is no character", "one that is");
}

void read_escape(toml_cursor& cursor, std::string& result) {
  switch (cursor.peek()) {
    case 'b':
      result += '\b';
      break;
    case 't':
      result += '\t';
      break;
    case 'n':
      result += '\n';
      break;
    case 'f':
      result += '\f';
      break;
    case 'r':
      result += '\r';
      break;
    case '"':
      result += '"';
      break;
    case '\\':
      result += '\\';
      break;
    case 'u':
      cursor.take();
      return read_code_point(cursor, 4, result);
    case 'U':
      cursor.take();
      return read_code_point(cursor, 8, result);
    default:
      cursor.fail(R"(one of \b \t \n \f \r \" \\ \uXXXX \UXXXXXXXX after a backslash)");
  }
  cursor.take();
}

// Digits with single underscores between them, no leading zero, a sign in front.
bool is_integer(std::string_view word) {
  if (word.starts_with('+') || word.starts_with('-')) word.remove_prefix(1);
  if (word.empty() || !is_digit(word.front()) || !is_digit(word.back())) return false;
  if (word.size() > 1 && word.front() == '0') return false;
  return word.find("__") == std::string_view::npos
         && std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '_'; });
}

toml_value read_word(toml_cursor& cursor) {
  std::string word;
  while (is_word_character(cursor.peek()))
    word += cursor.take();
  if (word == "true" || word == "false") return {toml_type::boolean, word, {}};
  if (word.empty()) cursor.fail(any_value);
  if (is_letter(word.front())) cursor.fail("a text without quotes", any_value);
  if (!is_integer(word)) return {toml_type::other, word, {}};
  std::erase(word, '_');
  if (word.front() == '+') word.erase(0, 1);
  return {toml_type::integer, word, {}};
}

toml_value read_list(toml_cursor& cursor) {
  toml_value list{toml_type::list, {}, {}};
  cursor.take();
  for (;;) {
    cursor.skip_blank();
    if (cursor.take_if(']')) return list;
    if (cursor.peek() == '[') cursor.fail("a list in a list", "a \"text\"");
    list.items.push_back(read_value(cursor));
    cursor.skip_blank();
    if (cursor.take_if(']')) return list;
    if (!cursor.take_if(',')) cursor.fail("',' or ']'");
  }
}

} // namespace

std::string read_string(toml_cursor& cursor) {
  const char quote = cursor.take();
  if (cursor.rest().starts_with(std::string(2, quote)))
    cursor.fail("a text of several lines", "one line in quotes");
  std::string result;
  while (!cursor.take_if(quote)) {
    if (cursor.at_line_end()) cursor.fail(std::string("a closing ") + quote);
    const char c = cursor.take();
    if (c == '\\' && quote == '"')
      read_escape(cursor, result);
    else
      result += c;
  }
  return result;
}

toml_value read_value(toml_cursor& cursor) {
  switch (cursor.peek()) {
    case '"':
    case '\'':
      return {toml_type::text, read_string(cursor), {}};
    case '[':
      return read_list(cursor);
    case '{':
      cursor.fail("a table in braces", any_value);
    default:
      return read_word(cursor);
  }
}

} // namespace troupe::config::detail
