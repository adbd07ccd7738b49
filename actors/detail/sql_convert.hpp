#pragma once

#include "actors/messages/sql.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe::detail {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};

template <class T>
struct is_duration : std::false_type {};
template <class Rep, class Period>
struct is_duration<std::chrono::duration<Rep, Period>> : std::true_type {};

template <class T>
struct is_sys_time : std::false_type {};
template <class Duration>
struct is_sys_time<std::chrono::sys_time<Duration>> : std::true_type {};

/// Finds by its argument, in T's namespace, what the macros of actors/columns.hpp have said of T.
template <class T>
struct tag {};

/// Names of an enum's values, as SQL has them.
struct enum_name {
  std::string_view name;
  std::int64_t value;
};
struct enum_names {
  std::string_view type;
  std::span<const enum_name> names;
};
template <class T>
concept named_enum = std::is_enum_v<T> && requires { troupe_enum(tag<T>{}); };

/// Where a value is, for errors: a column, or an element (counted from 1, as SQL does) of what is there.
struct value_place {
  std::string_view column;
  const value_place* array = nullptr;
  std::size_t element = 0;

  [[nodiscard]] std::string text() const;
};

[[noreturn]] void throw_wrong_column_type(const value_place& at, const sql_value& found,
                                          std::string_view wanted);
/// The value as text; integers, numerics and timestamps included.
std::string value_as_text(const value_place& at, const sql_value& value);
std::int64_t value_as_integer(const value_place& at, const sql_value& value);
double value_as_double(const value_place& at, const sql_value& value);
bool value_as_bool(const value_place& at, const sql_value& value);
blob value_as_blob(const value_place& at, const sql_value& value);
numeric value_as_numeric(const value_place& at, const sql_value& value);
json_text value_as_json_text(const value_place& at, const sql_value& value);
timestamp value_as_timestamp(const value_place& at, const sql_value& value);
std::int64_t value_as_enum(const value_place& at, const sql_value& value, const enum_names& names);
std::chrono::year_month_day value_as_date(const value_place& at, const sql_value& value);
/// Since 1970, and of a time of day or an interval, in units of so many microseconds.
std::int64_t value_as_time_point(const value_place& at, const sql_value& value, std::int64_t unit);
std::int64_t value_as_duration(const value_place& at, const sql_value& value, std::int64_t unit);
/// `storage` is for what had to be made.
const sql_array& value_as_array(const value_place& at, const sql_value& value, sql_array& storage);
/// As a cell of a row is written to JSON, see `row`.
void value_to_json(nlohmann::json& out, const sql_value& value);

sql_value json_to_sql(const nlohmann::json& value);
sql_value enum_to_sql(std::int64_t value, const enum_names& names);
sql_value date_to_sql(std::chrono::year_month_day date);
sql_value time_point_to_sql(std::int64_t count, std::int64_t unit);
sql_value duration_to_sql(std::int64_t count, std::int64_t unit);

/// The microseconds of one unit of a duration that SQL keeps without loss.
template <class Duration>
constexpr std::int64_t unit_of() {
  using period = typename Duration::period;
  static_assert(std::integral<typename Duration::rep>, "a duration of whole units");
  static_assert(std::ratio_divide<period, std::micro>::den == 1,
                "SQL keeps microseconds: see std::chrono::floor<std::chrono::microseconds>");
  static_assert(std::ratio_less_equal_v<period, std::chrono::weeks::period>,
                "months and years have no length");
  return std::ratio_divide<period, std::micro>::num;
}

template <class T>
T in_range(const value_place& at, const sql_value& value, std::int64_t wide, std::string_view wanted) {
  if (!std::in_range<T>(wide))
    throw_wrong_column_type(at, value, wanted);
  return static_cast<T>(wide);
}

template <class T>
T convert(const value_place& at, const sql_value& value);

template <class T>
T convert_number(const value_place& at, const sql_value& value) {
  if constexpr (std::integral<T>) {
    return in_range<T>(at, value, value_as_integer(at, value), "an integer in range");
  } else {
    const auto wide = value_as_double(at, value);
    const auto narrow = static_cast<T>(wide);
    if (std::isinf(narrow) && !std::isinf(wide))
      throw_wrong_column_type(at, value, "a number in range");
    return narrow;
  }
}

template <class T>
T convert_time(const value_place& at, const sql_value& value) {
  if constexpr (is_sys_time<T>::value) {
    using duration = typename T::duration;
    const auto count = value_as_time_point(at, value, unit_of<duration>());
    return T{duration{in_range<typename duration::rep>(at, value, count, "a point in time in range")}};
  } else {
    const auto count = value_as_duration(at, value, unit_of<T>());
    return T{in_range<typename T::rep>(at, value, count, "a duration in range")};
  }
}

template <class T>
T convert_array(const value_place& at, const sql_value& value) {
  sql_array storage;
  const auto& from = value_as_array(at, value, storage).elements;
  T out;
  out.reserve(from.size());
  for (std::size_t i = 0; i < from.size(); ++i)
    out.push_back(convert<typename T::value_type>({{}, &at, i + 1}, from[i]));
  return out;
}

template <class T>
T convert(const value_place& at, const sql_value& value) {
  if constexpr (is_optional<T>::value) {
    if (std::holds_alternative<std::monostate>(value))
      return std::nullopt;
    return convert<typename T::value_type>(at, value);
  } else if constexpr (std::same_as<T, bool>) {
    return value_as_bool(at, value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return convert_number<T>(at, value);
  } else if constexpr (std::same_as<T, std::string>) {
    return value_as_text(at, value);
  } else if constexpr (is_vector<T>::value) {
    return convert_array<T>(at, value);
  } else if constexpr (is_sys_time<T>::value || is_duration<T>::value) {
    return convert_time<T>(at, value);
  } else if constexpr (std::same_as<T, std::chrono::year_month_day>) {
    return value_as_date(at, value);
  } else if constexpr (std::same_as<T, blob>) {
    return value_as_blob(at, value);
  } else if constexpr (std::same_as<T, numeric>) {
    return value_as_numeric(at, value);
  } else if constexpr (std::same_as<T, timestamp>) {
    return value_as_timestamp(at, value);
  } else if constexpr (std::same_as<T, json_text>) {
    return value_as_json_text(at, value);
  } else if constexpr (std::same_as<T, sql_value>) {
    return value;
  } else if constexpr (std::same_as<T, nlohmann::json>) {
    T out;
    value_to_json(out, value);
    return out;
  } else {
    static_assert(named_enum<T>, "no type that a column can be read as: see row::get; an enum needs "
                                 "TROUPE_ENUM");
    return static_cast<T>(value_as_enum(at, value, troupe_enum(tag<T>{})));
  }
}

template <class T>
sql_value to_sql_value(const T& value);

template <class T>
sql_value vector_to_sql(const std::vector<T>& values) {
  static_assert(!(std::integral<T> && sizeof(T) == 1) || std::same_as<T, bool>
                  || std::same_as<T, signed char>,
                "bytes are a troupe::blob");
  sql_array out;
  out.elements.reserve(values.size());
  for (const auto& each : values)
    out.elements.push_back(to_sql_value<T>(each));
  return out;
}

template <class T>
sql_value to_sql_value(const T& value) {
  if constexpr (is_optional<T>::value)
    return value ? to_sql_value(*value) : sql_value{};
  else if constexpr (std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>)
    return {};
  else if constexpr (std::same_as<T, bool>)
    return value;
  else if constexpr (std::integral<T>) {
    static_assert(sizeof(T) < 8 || std::signed_integral<T>, "SQL has no unsigned 64-bit integer");
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::floating_point<T>)
    return static_cast<double>(value);
  else if constexpr (std::convertible_to<const T&, std::string_view>)
    return std::string{std::string_view{value}};
  else if constexpr (std::same_as<T, nlohmann::json>)
    return json_to_sql(value);
  else if constexpr (is_vector<T>::value)
    return vector_to_sql(value);
  else if constexpr (is_sys_time<T>::value)
    return time_point_to_sql(value.time_since_epoch().count(), unit_of<typename T::duration>());
  else if constexpr (is_duration<T>::value)
    return duration_to_sql(value.count(), unit_of<T>());
  else if constexpr (std::same_as<T, std::chrono::year_month_day>)
    return date_to_sql(value);
  else if constexpr (std::is_enum_v<T>) {
    static_assert(named_enum<T>, "an enum needs TROUPE_ENUM (actors/columns.hpp)");
    return enum_to_sql(static_cast<std::int64_t>(value), troupe_enum(tag<T>{}));
  } else
    return value; // one of sql_value's own types
}

} // namespace troupe::detail
