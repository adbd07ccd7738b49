#include "storage/detail/csv.hpp"

#include "actors/detail/sql_arrays.hpp"

#include <charconv>
#include <cmath>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe::storage {

namespace {

template <class... Number>
void append_number(std::string& out, Number... value) {
  char digits[64];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value...).ptr);
}

void append_double(std::string& out, double value) {
  const auto size = std::abs(value);
  const bool has_exponent = size != 0 && (size < 1e-4 || size >= 1e15);
  if (std::isfinite(value))
    return append_number(out, value, has_exponent ? std::chars_format::scientific : std::chars_format::fixed);
  out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

/// `alone`: the line has no other value, and must not read \., which ends a file of PostgreSQL's.
void append_text(std::string& out, std::string_view text, bool alone) {
  const bool is_quoted =
    text.empty() || text.find_first_of(",\"\r\n") != std::string_view::npos || (alone && text == "\\.");
  if (!is_quoted) {
    out += text;
    return;
  }
  out += '"';
  for (const auto c : text) {
    if (c == '"')
      out += '"';
    out += c;
  }
  out += '"';
}

void append_value(std::string& out, const sql_value& value, bool alone) {
  std::visit([&](const auto& x) {
    using type = std::decay_t<decltype(x)>;
    if constexpr (std::is_same_v<type, std::monostate>)
      return;
    else if constexpr (std::is_same_v<type, bool>)
      out += x ? 't' : 'f';
    else if constexpr (std::is_same_v<type, std::int64_t>)
      append_number(out, x);
    else if constexpr (std::is_same_v<type, double>)
      append_double(out, x);
    else if constexpr (std::is_same_v<type, std::string>)
      append_text(out, x, alone);
    else if constexpr (std::is_same_v<type, blob>)
      out += "\\x" + troupe::detail::to_hex(x.bytes);
    else if constexpr (!std::is_same_v<type, sql_array>) // which no column of SQLite's has
      append_text(out, x.text, alone);
  }, value);
}

} // namespace

void append_csv_line(std::string& out, std::span<const sql_value> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0)
      out += ',';
    append_value(out, values[i], values.size() == 1);
  }
  out += '\n';
}

sql_result csv_answer(std::string&& text) {
  sql_result out{{"csv"}, {}};
  if (!text.empty())
    out.cells.emplace_back(std::move(text));
  return out;
}

} // namespace troupe::storage
