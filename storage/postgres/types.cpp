#include "storage/postgres/types.hpp"

#include "actors/detail/sql_arrays.hpp"
#include "storage/detail/iso_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace troupe::storage::postgres {

namespace {

/// The types that do not come as text: the object ids of PostgreSQL's catalogue, fixed for ever.
enum class type_id : std::uint32_t {
  boolean = 16,
  bytea = 17,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  text = 25,
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

/// Arrays, and what is in them: text for every type that comes as text.
constexpr std::array<std::pair<std::uint32_t, type_id>, 32> arrays{{
  {1000, type_id::boolean},
  {1001, type_id::bytea},
  {1005, type_id::int2},
  {1007, type_id::int4},
  {1016, type_id::int8},
  {1028, type_id::oid},
  {199, type_id::json},
  {3807, type_id::jsonb},
  {1021, type_id::float4},
  {1022, type_id::float8},
  {1182, type_id::date},
  {1183, type_id::time},
  {1115, type_id::timestamp},
  {1185, type_id::timestamptz},
  {1270, type_id::timetz},
  {1231, type_id::numeric},
  {1009, type_id::text}, // text
  {1014, type_id::text}, // char(n)
  {1015, type_id::text}, // varchar
  {1002, type_id::text}, // "char"
  {1003, type_id::text}, // name
  {2951, type_id::text}, // uuid
  {1187, type_id::text}, // interval
  {143, type_id::text},  // xml
  {1041, type_id::text}, // inet
  {651, type_id::text},  // cidr
  {1040, type_id::text}, // macaddr
  {775, type_id::text},  // macaddr8
  {791, type_id::text},  // money
  {1561, type_id::text}, // bit
  {1563, type_id::text}, // varbit
  {3643, type_id::text}, // tsvector
}};

std::int64_t to_integer(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

double to_double(std::string_view text) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) // a subnormal one: strtod knows it
    return std::strtod(std::string{text}.c_str(), nullptr);
  return value;
}

/// The double with the few digits of the text, unless it would become another float than the text is.
double to_float(std::string_view text) {
  const auto wide = to_double(text);
  const auto exact = std::strtof(std::string{text}.c_str(), nullptr);
  const bool same = static_cast<float>(wide) == exact || wide != wide;
  return same ? wide : double{exact};
}

sql_value to_scalar(type_id type, std::string_view text) {
  switch (type) {
  case type_id::boolean: return text == "t";
  case type_id::int2:
  case type_id::int4:
  case type_id::int8:
  case type_id::oid: return to_integer(text);
  case type_id::float4: return to_float(text);
  case type_id::float8: return to_double(text);
  case type_id::bytea: // the server is told to write "\\x00ff"
    return blob{troupe::detail::from_hex(text.substr(2)).value_or(std::string{})};
  case type_id::json:
  case type_id::jsonb: return json_text{std::string{text}};
  case type_id::numeric: return numeric{std::string{text}};
  case type_id::date:
  case type_id::time:
  case type_id::timetz:
  case type_id::timestamp:
  case type_id::timestamptz: return timestamp{to_iso_time(text)};
  case type_id::text: break;
  }
  return std::string{text};
}

} // namespace

type_reader::type_reader(std::uint32_t type) noexcept {
  const auto array =
    std::find_if(arrays.begin(), arrays.end(), [type](const auto& each) { return each.first == type; });
  is_array_ = array != arrays.end();
  scalar_ = is_array_ ? static_cast<std::uint32_t>(array->second) : type;
}

sql_value type_reader::read(std::string_view text) const {
  const auto type = static_cast<type_id>(scalar_);
  if (!is_array_)
    return to_scalar(type, text);
  auto elements = troupe::detail::parse_array_literal(
    text, [type](std::string&& each) { return to_scalar(type, each); });
  return elements ? sql_value{std::move(*elements)} : sql_value{std::string{text}};
}

} // namespace troupe::storage::postgres
