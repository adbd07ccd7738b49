#include "config/detail/toml.hpp"

#include "config/detail/toml_cursor.hpp"
#include "config/detail/utf8.hpp"
#include "config/detail/wording.hpp"

#include <fmt/format.h>
#include <map>

namespace troupe::config::detail {
namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
         || c == '-';
}

void check_is_text(std::string_view text) {
  std::size_t line = 1;
  while (!text.empty()) {
    const auto length = character_length(text);
    const auto byte = static_cast<unsigned char>(text.front());
    const bool is_control =
        (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
    if (length == 0 || is_control)
      throw toml_error(line, fmt::format("found the byte 0x{:02x}, expected text in UTF-8", byte));
    if (byte == '\n') ++line;
    text.remove_prefix(length);
  }
}

class document_reader {
public:
  explicit document_reader(std::string_view text) : cursor_(text) {}

  toml_document read() {
    for (cursor_.skip_blank(); !cursor_.at_end(); cursor_.skip_blank()) {
      if (cursor_.peek() == '[')
        read_section();
      else
        read_entry();
      cursor_.finish_line();
    }
    return std::move(document_);
  }

private:
  void read_section() {
    const auto line = cursor_.line();
    cursor_.take();
    if (cursor_.peek() == '[') cursor_.fail("a list of tables", "a section such as [log]");
    section_ = read_key("a section such as [log]");
    if (!cursor_.take_if(']')) cursor_.fail("']'");
    check_is_new('[' + section_ + ']', line);
    document_.sections.push_back({section_, line});
  }

  void read_entry() {
    const auto line = cursor_.line();
    auto path = read_key("KEY = VALUE");
    if (!cursor_.take_if('=')) cursor_.fail("'='");
    cursor_.skip_spaces();
    auto value = read_value(cursor_);
    if (!section_.empty()) path = section_ + '.' + path;
    check_is_new(path, line);
    const auto dot = path.rfind('.');
    const auto section = dot == std::string::npos ? std::string() : path.substr(0, dot);
    document_.entries.push_back({section, path.substr(dot + 1), std::move(value), line});
  }

  // A key or a table's name: parts joined by dots, spaces around them. Leaves the cursor after
  // both.
  std::string read_key(std::string_view expected) {
    std::string path;
    do {
      cursor_.skip_spaces();
      path += (path.empty() ? "" : ".") + read_key_part(expected);
      cursor_.skip_spaces();
    } while (cursor_.take_if('.'));
    return path;
  }

  std::string read_key_part(std::string_view expected) {
    if (cursor_.peek() == '"' || cursor_.peek() == '\'') return read_string(cursor_);
    std::string part;
    while (is_bare(cursor_.peek()))
      part += cursor_.take();
    if (part.empty()) cursor_.fail(expected);
    return part;
  }

  void check_is_new(const std::string& path, std::size_t line) {
    const auto [place, is_new] = lines_.emplace(path, line);
    if (is_new) return;
    throw toml_error(line, fmt::format("found {} again, expected it once: it stands in line {}",
                                       on_one_line(path), place->second));
  }

  toml_cursor cursor_;
  std::string section_;
  toml_document document_;
  std::map<std::string, std::size_t> lines_;
};

} // namespace

toml_document read_toml(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  check_is_text(text);
  return document_reader(text).read();
}

} // namespace troupe::config::detail
