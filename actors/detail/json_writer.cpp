#include "actors/detail/json_writer.hpp"

#include "actors/detail/sql_arrays.hpp"
#include "actors/messages/json_depth.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <variant>

namespace troupe::detail {

namespace {

bool is_plain(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
  });
}

void write_quoted(std::string& to, std::string_view plain) {
  to += '"';
  to += plain;
  to += '"';
}

/// Quoted. Bytes that are not UTF-8 become U+FFFD.
void write_text(std::string& to, std::string_view text) {
  if (is_plain(text))
    write_quoted(to, text);
  else
    to += dumped(text);
}

void write_number(std::string& to, std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  to.append(digits.data(), end);
}

void write_document(std::string& to, const sql_value& value) {
  nlohmann::json document;
  value_to_json(document, value);
  to += dumped(document);
}

void write_value(std::string& to, const sql_value& value);

struct value_writer {
  std::string& to;
  const sql_value& whole;

  void operator()(std::monostate) const { to += "null"; }
  void operator()(bool x) const { to += x ? "true" : "false"; }
  void operator()(std::int64_t x) const { write_number(to, x); }
  void operator()(const std::string& x) const { write_text(to, x); }
  void operator()(const numeric& x) const { write_text(to, x.text); }
  void operator()(const timestamp& x) const { write_text(to, x.text); }
  void operator()(const blob& x) const { write_quoted(to, to_hex(x.bytes)); }
  void operator()(const json_text& x) const {
    if (is_nested_too_deeply(x.text) || !nlohmann::json::accept(x.text))
      return write_text(to, x.text);
    // What the reader passes over: a mark of the byte order, and all behind a NUL.
    const bool is_more_than_json = x.text.starts_with('\xef') || x.text.find('\0') != std::string::npos;
    if (is_more_than_json)
      write_document(to, whole);
    else
      to += x.text;
  }
  void operator()(const sql_array& x) const {
    write_json_array(to, x.elements.size(), [&](std::size_t i) { write_value(to, x.elements[i]); });
  }
  void operator()(double) const { write_document(to, whole); }
};

void write_value(std::string& to, const sql_value& value) {
  std::visit(value_writer{to, value}, value);
}

void begin_member(std::string& to, bool first, std::string_view name) {
  to += first ? '{' : ',';
  write_text(to, name);
  to += ':';
}

void end_object(std::string& to, bool empty) {
  to += empty ? "{}" : "}";
}

} // namespace

void write_json_row(std::string& to, const sql_result& from, std::size_t row) {
  const auto count = from.columns.size();
  for (std::size_t i = 0; i < count; ++i) {
    begin_member(to, i == 0, from.columns[i]);
    write_value(to, from.cells[row * count + i]);
  }
  end_object(to, count == 0);
}

void write_json_struct(std::string& to, const struct_columns& what, const void* object) {
  for (std::size_t i = 0; i < what.members.size(); ++i) {
    begin_member(to, i == 0, what.members[i].name);
    write_value(to, what.members[i].write(object));
  }
  end_object(to, what.members.empty());
}

std::string dumped(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool has_repeated_names(const std::vector<std::string>& columns) noexcept {
  for (auto each = columns.begin(); each != columns.end(); ++each)
    if (std::find(std::next(each), columns.end(), *each) != columns.end())
      return true;
  return false;
}

} // namespace troupe::detail
