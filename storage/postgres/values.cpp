#include "storage/postgres/values.hpp"

#include "actors/detail/sql_arrays.hpp"
#include "storage/postgres/types.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

namespace troupe::storage::postgres {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

std::string to_text(double value) {
  if (const auto name = troupe::detail::name_of_non_number(value))
    return std::string{*name};
  std::array<char, 32> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), written.ptr};
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const auto c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  out += '"';
}

/// Arrays of empty arrays only: PostgreSQL has no dimensions for them, and before version 17 no text either.
bool is_hollow(const sql_array& array) {
  return std::all_of(array.elements.begin(), array.elements.end(), [](const sql_value& each) {
    const auto* inner = std::get_if<sql_array>(&each);
    return inner != nullptr && is_hollow(*inner);
  });
}

void append_literal(std::string& out, const sql_array& array) {
  if (is_hollow(array)) {
    out += "{}";
    return;
  }
  out += '{';
  for (std::size_t i = 0; i < array.elements.size(); ++i) {
    if (i > 0)
      out += ',';
    std::visit(overloaded{
                 [&](std::monostate) { out += "NULL"; },
                 [&](bool x) { out += x ? "t" : "f"; },
                 [&](std::int64_t x) { out += std::to_string(x); },
                 [&](double x) { out += to_text(x); },
                 [&](const std::string& x) { append_quoted(out, x); },
                 [&](const blob& x) { out += "\"\\\\x" + troupe::detail::to_hex(x.bytes) + '"'; },
                 [&](const sql_array& x) { append_literal(out, x); },
                 [&](const auto& x) { append_quoted(out, x.text); },
               },
               array.elements[i]);
  }
  out += '}';
}

} // namespace

encoded_parameters::encoded_parameters(const std::vector<sql_value>& values) {
  texts_.reserve(values.size());
  const auto keep = [&](std::string text) {
    made_.reserve(values.size());
    return made_.emplace_back(std::move(text)).c_str();
  };
  for (const auto& value : values)
    texts_.push_back(std::visit(
      overloaded{
        [](std::monostate) -> const char* { return nullptr; },
        [](bool x) -> const char* { return x ? "true" : "false"; },
        [&](std::int64_t x) { return keep(std::to_string(x)); },
        [&](double x) { return keep(to_text(x)); },
        [](const std::string& x) { return x.c_str(); },
        [&](const blob& x) { return keep("\\x" + troupe::detail::to_hex(x.bytes)); },
        [&](const sql_array& x) {
          std::string literal;
          append_literal(literal, x);
          return keep(std::move(literal));
        },
        [](const auto& x) { return x.text.c_str(); },
      },
      value));
}

namespace {

/// `from` has columns, rows, name_of and type_of a column, and row, whose cell is a text, null for NULL.
template <class Source>
sql_result convert(const Source& from) {
  sql_result out;
  const auto columns = from.columns();
  out.columns.reserve(static_cast<std::size_t>(columns));
  std::vector<type_reader> types;
  types.reserve(static_cast<std::size_t>(columns));
  for (int i = 0; i < columns; ++i) {
    out.columns.emplace_back(from.name_of(i));
    types.emplace_back(from.type_of(i));
  }
  const auto rows = from.rows();
  out.cells.reserve(static_cast<std::size_t>(rows) * types.size());
  for (int number = 0; number < rows; ++number) {
    const auto row = from.row(number);
    for (int i = 0; i < columns; ++i) {
      const std::string_view cell = row.cell(i);
      if (cell.data() == nullptr)
        out.cells.emplace_back();
      else
        out.cells.push_back(types[static_cast<std::size_t>(i)].read(cell));
    }
  }
  return out;
}

struct of_libpqxx {
  struct one {
    pqxx::row fields;

    [[nodiscard]] std::string_view cell(int column) const {
      const auto field = fields[column];
      return field.is_null() ? std::string_view{}
                             : std::string_view{field.c_str(), static_cast<std::size_t>(field.size())};
    }
  };

  const pqxx::result& result;

  [[nodiscard]] int columns() const { return static_cast<int>(result.columns()); }
  [[nodiscard]] int rows() const { return static_cast<int>(result.size()); }
  [[nodiscard]] const char* name_of(int column) const { return result.column_name(column); }
  [[nodiscard]] pqxx::oid type_of(int column) const { return result.column_type(column); }
  [[nodiscard]] one row(int number) const { return {result[number]}; }
};

struct of_libpq {
  struct one {
    const PGresult* result;
    int number;

    [[nodiscard]] std::string_view cell(int column) const {
      return PQgetisnull(result, number, column) != 0
               ? std::string_view{}
               : std::string_view{PQgetvalue(result, number, column),
                                  static_cast<std::size_t>(PQgetlength(result, number, column))};
    }
  };

  const PGresult* result;

  [[nodiscard]] int columns() const { return PQnfields(result); }
  [[nodiscard]] int rows() const { return PQntuples(result); }
  [[nodiscard]] const char* name_of(int column) const { return PQfname(result, column); }
  [[nodiscard]] pqxx::oid type_of(int column) const { return PQftype(result, column); }
  [[nodiscard]] one row(int number) const { return {result, number}; }
};

} // namespace

sql_result to_sql_result(const pqxx::result& from) {
  return convert(of_libpqxx{from});
}

sql_result to_sql_result(const PGresult* from) {
  return convert(of_libpq{from});
}

} // namespace troupe::storage::postgres
