#include "storage/postgres/values.hpp"

#include "storage/detail/iso_time.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace troupe::storage::postgres {

namespace {

/// The types that do not come as text: the object ids of PostgreSQL's catalogue, fixed for ever.
enum class type_id : std::uint32_t {
  boolean = 16,
  bytea = 17,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  oid = 26,
  json = 114,
  float4 = 700,
  float8 = 701,
  date = 1082,
  time = 1083,
  timestamp = 1114,
  timestamptz = 1184,
  timetz = 1266,
  numeric = 1700,
  jsonb = 3802,
};

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out{"\\x"};
  out.reserve(2 + bytes.size() * 2);
  for (auto c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

unsigned hex_digit(char c) {
  return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

/// The server is told to write bytea in hex: "\x00ff".
std::string from_hex(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<char>(hex_digit(text[i]) << 4 | hex_digit(text[i + 1])));
  return out;
}

std::string to_text(double value) {
  if (std::isnan(value))
    return "NaN";
  if (std::isinf(value))
    return value < 0 ? "-Infinity" : "Infinity";
  std::array<char, 32> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), written.ptr};
}

template <class T>
sql_value number(std::string_view text) {
  T value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) // a subnormal double: strtod knows it
    return std::strtod(std::string{text}.c_str(), nullptr);
  return value;
}

sql_value to_value(pqxx::oid type, std::string_view text) {
  switch (static_cast<type_id>(type)) {
  case type_id::boolean: return text == "t";
  case type_id::int2:
  case type_id::int4:
  case type_id::int8:
  case type_id::oid: return number<std::int64_t>(text);
  case type_id::float4:
  case type_id::float8: return number<double>(text);
  case type_id::bytea: return blob{from_hex(text)};
  case type_id::json:
  case type_id::jsonb: return json_text{std::string{text}};
  case type_id::numeric: return numeric{std::string{text}};
  case type_id::date:
  case type_id::time:
  case type_id::timetz:
  case type_id::timestamp:
  case type_id::timestamptz: return timestamp{to_iso_time(text)};
  }
  return std::string{text};
}

} // namespace

encoded_parameters::encoded_parameters(const std::vector<sql_value>& values) {
  texts_.reserve(values.size());
  for (const auto& value : values)
    texts_.push_back(std::visit(
      overloaded{
        [](std::monostate) -> const char* { return nullptr; },
        [](bool x) -> const char* { return x ? "true" : "false"; },
        [&](std::int64_t x) { return keep(std::to_string(x)); },
        [&](double x) { return keep(to_text(x)); },
        [](const std::string& x) { return x.c_str(); },
        [&](const blob& x) { return keep(to_hex(x.bytes)); },
        [](const auto& x) { return x.text.c_str(); },
      },
      value));
}

const char* encoded_parameters::keep(std::string text) {
  return made_.emplace_back(std::move(text)).c_str();
}

namespace {

/// `from` has columns, rows, name_of and type_of a column, and row, whose cell is a text, null for NULL.
template <class Source>
sql_result convert(const Source& from) {
  sql_result out;
  const auto columns = from.columns();
  std::vector<pqxx::oid> types;
  for (int i = 0; i < columns; ++i) {
    out.columns.emplace_back(from.name_of(i));
    types.push_back(from.type_of(i));
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
        out.cells.push_back(to_value(types[static_cast<std::size_t>(i)], cell));
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
