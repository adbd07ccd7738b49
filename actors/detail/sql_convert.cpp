#include "actors/detail/sql_convert.hpp"

#include "actors/detail/sql_arrays.hpp"
#include "actors/detail/sql_time.hpp"
#include "actors/messages/quoted.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace troupe::detail {

namespace {

template <class... Fs>
struct cases : Fs... {
  using Fs::operator()...;
};

constexpr std::array<std::string_view, std::variant_size_v<sql_value>> type_names{
  "NULL", "bool", "integer", "double", "text", "bytes", "json", "numeric", "timestamp", "array"};

template <class T>
T parse_number(const value_place& at, const sql_value& value, std::string_view text,
               std::string_view wanted) {
  T number{};
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size())
    throw_wrong_column_type(at, value, wanted);
  return number;
}

/// What times are: texts with or without a declared type.
const std::string& time_text_of(const value_place& at, const sql_value& value, std::string_view wanted) {
  if (const auto* time = std::get_if<timestamp>(&value))
    return time->text;
  if (const auto* text = std::get_if<std::string>(&value))
    return *text;
  throw_wrong_column_type(at, value, wanted);
}

[[noreturn]] void throw_no_time(const value_place& at, const sql_value& value, const std::string& text,
                                const std::string& wanted) {
  throw error{errc::internal, "column \"" + at.text() + "\" holds "
                                + std::string{type_names[value.index()]} + ' ' + detail::quoted(text)
                                + ", wanted " + wanted};
}

std::string name_of_unit(std::int64_t microseconds) {
  switch (microseconds) {
  case 1'000: return "milliseconds";
  case 1'000'000: return "seconds";
  case 60'000'000: return "minutes";
  case 3'600'000'000: return "hours";
  case 86'400'000'000: return "days";
  default: return "units of " + std::to_string(microseconds) + " microseconds";
  }
}

std::int64_t in_units(const value_place& at, const sql_value& value, parsed<std::int64_t> found,
                      const std::string& text, const std::string& wanted, std::int64_t unit) {
  if (!found.defect.empty())
    throw_no_time(at, value, text, wanted + ": " + std::string{found.defect});
  if (found.value % unit != 0)
    throw_no_time(at, value, text, wanted + " in whole " + name_of_unit(unit));
  return found.value / unit;
}

std::int64_t in_microseconds(std::int64_t count, std::int64_t unit) {
  std::int64_t out = 0;
  if (__builtin_mul_overflow(count, unit, &out))
    throw error{errc::invalid_argument, "a time that is out of range: " + std::to_string(count)
                                          + ' ' + name_of_unit(unit)};
  return out;
}

bool is_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+'))
    text.remove_prefix(1);
  return text == "NaN" || text == "Infinity"
         || (!text.empty() && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos
             && text.find_first_of("0123456789") != std::string_view::npos);
}

/// JSON has no text for NaN and the infinities; nlohmann/json would write null.
bool has_text(const nlohmann::json& value) {
  if (value.is_number_float())
    return std::isfinite(value.get<double>());
  return !value.is_structured() || std::all_of(value.begin(), value.end(), has_text);
}

} // namespace

std::string value_place::text() const {
  if (array == nullptr)
    return std::string{column};
  return array->text() + '[' + std::to_string(element) + ']';
}

void throw_wrong_column_type(const value_place& at, const sql_value& found, std::string_view wanted) {
  throw error{errc::internal, "column \"" + at.text() + "\" holds "
                                + std::string{type_names[found.index()]} + ", wanted "
                                + std::string{wanted}};
}

std::string value_as_text(const value_place& at, const sql_value& value) {
  return std::visit(cases{[&](std::monostate) -> std::string {
                                 throw_wrong_column_type(at, value, "text");
                               },
                               [](bool x) -> std::string { return x ? "true" : "false"; },
                               [](std::int64_t x) { return std::to_string(x); },
                               [](double x) {
                                 auto name = name_of_non_number(x);
                                 return name ? std::string{*name} : nlohmann::json(x).dump();
                               },
                               [](const std::string& x) { return x; },
                               [](const blob& x) { return x.bytes; },
                               [](const sql_array& x) { return to_json_array(x); },
                               [](const auto& x) { return x.text; }},
                    value);
}

std::int64_t value_as_integer(const value_place& at, const sql_value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return *number;
  if (const auto* number = std::get_if<numeric>(&value))
    return parse_number<std::int64_t>(at, value, number->text, "an integer");
  throw_wrong_column_type(at, value, "an integer");
}

double value_as_double(const value_place& at, const sql_value& value) {
  if (const auto* number = std::get_if<double>(&value))
    return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return static_cast<double>(*number);
  if (const auto* number = std::get_if<numeric>(&value))
    return parse_number<double>(at, value, number->text, "a number");
  throw_wrong_column_type(at, value, "a number");
}

bool value_as_bool(const value_place& at, const sql_value& value) {
  if (const auto* flag = std::get_if<bool>(&value))
    return *flag;
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return *number != 0; // SQLite keeps booleans as integers
  throw_wrong_column_type(at, value, "a bool");
}

blob value_as_blob(const value_place& at, const sql_value& value) {
  if (const auto* bytes = std::get_if<blob>(&value))
    return *bytes;
  const auto* text = std::get_if<std::string>(&value); // in a JSON array
  if (auto bytes = text != nullptr && at.array != nullptr ? from_hex(*text) : std::nullopt)
    return {std::move(*bytes)};
  throw_wrong_column_type(at, value, "bytes");
}

numeric value_as_numeric(const value_place& at, const sql_value& value) {
  if (const auto* number = std::get_if<numeric>(&value))
    return *number;
  const auto* text = std::get_if<std::string>(&value); // SQLite, where no column gave it a type
  const bool numbers = text != nullptr ? is_number(*text)
                                       : std::holds_alternative<std::int64_t>(value)
                                           || std::holds_alternative<double>(value);
  if (!numbers)
    throw_wrong_column_type(at, value, "a numeric");
  return {value_as_text(at, value)};
}

json_text value_as_json_text(const value_place& at, const sql_value& value) {
  if (std::holds_alternative<std::monostate>(value))
    throw_wrong_column_type(at, value, "json");
  if (const auto* document = std::get_if<json_text>(&value))
    return *document;
  nlohmann::json out;
  value_to_json(out, value);
  return {out.dump()};
}

timestamp value_as_timestamp(const value_place& at, const sql_value& value) {
  return {time_text_of(at, value, "a time")};
}

std::int64_t value_as_enum(const value_place& at, const sql_value& value, const enum_names& names) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr)
    throw_wrong_column_type(at, value, "a name of " + std::string{names.type});
  std::string known;
  for (const auto& each : names.names) {
    if (each.name == *text)
      return each.value;
    known += (known.empty() ? "" : ", ") + std::string{each.name};
  }
  throw error{errc::internal, "column \"" + at.text() + "\" holds " + detail::quoted(*text)
                                + ", which is no name of " + std::string{names.type} + ": it has "
                                + known};
}

std::chrono::year_month_day value_as_date(const value_place& at, const sql_value& value) {
  const auto& text = time_text_of(at, value, "a date");
  const auto found = parse_date(text);
  if (!found.defect.empty())
    throw_no_time(at, value, text, "a date: " + std::string{found.defect});
  return found.value;
}

std::int64_t value_as_time_point(const value_place& at, const sql_value& value, std::int64_t unit) {
  const auto& text = time_text_of(at, value, "a point in time");
  return in_units(at, value, parse_timestamp(text), text, "a point in time", unit);
}

std::int64_t value_as_duration(const value_place& at, const sql_value& value, std::int64_t unit) {
  const auto& text = time_text_of(at, value, "a duration");
  return in_units(at, value, parse_time(text), text, "a duration", unit);
}

const sql_array& value_as_array(const value_place& at, const sql_value& value, sql_array& storage) {
  if (const auto* array = std::get_if<sql_array>(&value))
    return *array;
  std::optional<sql_array> found;
  if (const auto* json = std::get_if<json_text>(&value)) {
    found = parse_json_array(json->text);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    // Of PostgreSQL's own types, such as enums, arrays come as it writes them.
    found = parse_array_literal(*text, [](std::string&& x) -> sql_value { return std::move(x); });
    if (!found)
      found = parse_json_array(*text);
  }
  if (!found)
    throw_wrong_column_type(at, value, "an array");
  storage = std::move(*found);
  return storage;
}

sql_value json_to_sql(const nlohmann::json& value) {
  if (!has_text(value))
    throw error{errc::invalid_argument, "a number of a JSON parameter is not finite: JSON has none such"};
  try {
    return json_text{value.dump()};
  } catch (const nlohmann::json::type_error&) {
    throw error{errc::invalid_argument, "a text of a JSON parameter is not valid UTF-8"};
  }
}

sql_value enum_to_sql(std::int64_t value, const enum_names& names) {
  for (const auto& each : names.names)
    if (each.value == value)
      return std::string{each.name};
  throw error{errc::invalid_argument, std::string{names.type} + " has no name for its value "
                                        + std::to_string(value)};
}

sql_value date_to_sql(std::chrono::year_month_day date) {
  if (!date.ok())
    throw error{errc::invalid_argument, "a date that no calendar has: year "
                                          + std::to_string(int{date.year()}) + ", month "
                                          + std::to_string(unsigned{date.month()}) + ", day "
                                          + std::to_string(unsigned{date.day()})};
  return timestamp{date_text(date)};
}

sql_value time_point_to_sql(std::int64_t count, std::int64_t unit) {
  return timestamp{timestamp_text(in_microseconds(count, unit))};
}

sql_value duration_to_sql(std::int64_t count, std::int64_t unit) {
  return timestamp{time_text(in_microseconds(count, unit))};
}

} // namespace troupe::detail
