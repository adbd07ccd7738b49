#pragma once

#include "actors/detail/sql_convert.hpp"

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe::detail {

/// A member that is a column; `object` is the struct that it is of.
struct struct_member {
  std::string_view name;
  bool takes_null;
  void (*read)(void* object, const value_place& at, const sql_value& value);
  sql_value (*write)(const void* object);
};

/// What TROUPE_COLUMNS said of a struct.
struct struct_columns {
  std::string_view type;
  std::span<const struct_member> members;
};

template <class T>
concept with_columns = requires { troupe_columns(tag<T>{}); };

template <class T>
sql_value member_to_sql(const T& value) {
  // A parameter cannot be of that type; a column can be read as one.
  if constexpr (std::unsigned_integral<T> && sizeof(T) == sizeof(std::int64_t) && !std::same_as<T, bool>) {
    if (!std::in_range<std::int64_t>(value))
      return numeric{std::to_string(value)};
    return static_cast<std::int64_t>(value);
  } else {
    return to_sql_value(value);
  }
}

template <class T, auto Member>
consteval struct_member member_of(std::string_view name) {
  using type = std::remove_cvref_t<decltype(std::declval<T&>().*Member)>;
  return {name,
          is_optional<type>::value || std::same_as<type, nlohmann::json> || std::same_as<type, sql_value>,
          [](void* object, const value_place& at, const sql_value& value) {
            static_cast<T*>(object)->*Member = convert<type>(at, value);
          },
          [](const void* object) { return member_to_sql(static_cast<const T*>(object)->*Member); }};
}

/// For each member the column that it is read from, the first one of its name. Throws error{internal}
/// that names a member without one.
[[nodiscard]] std::vector<std::size_t> places_of(const struct_columns& what, const sql_result& from);

/// Fills the struct from a row. Throws error{internal} that names the column that does not convert.
void read_struct(void* object, const struct_columns& what, std::span<const std::size_t> places,
                 const sql_result& from, std::size_t row);

void struct_to_json(nlohmann::json& out, const struct_columns& what, const void* object);

template <class T>
void read_row(T& object, std::span<const std::size_t> places, const sql_result& from, std::size_t row) {
  read_struct(&object, troupe_columns(tag<T>{}), places, from, row);
}

template <class Json, class T>
concept with_own_to_json = requires(Json& out, const T& from) { to_json(out, from); };

// Not in a class with functions of the same names, which would hide the ones that the argument finds.
template <class Json, class T>
auto call_from_json(const Json& from, T& to) -> decltype(from_json(from, to)) {
  return from_json(from, to);
}

} // namespace troupe::detail

/// A struct with TROUPE_COLUMNS is written to JSON by its columns, unless it has a `to_json` of its own.
template <class T>
  requires troupe::detail::with_columns<T> && (!troupe::detail::with_own_to_json<nlohmann::json, T>)
struct nlohmann::adl_serializer<T, void> {
  using by_columns = void; // and not in a way of somebody else's

  static void to_json(nlohmann::json& out, const T& from) {
    troupe::detail::struct_to_json(out, troupe_columns(troupe::detail::tag<T>{}), &from);
  }

  template <class Json>
  static auto from_json(const Json& from, T& to) -> decltype(troupe::detail::call_from_json(from, to)) {
    return troupe::detail::call_from_json(from, to);
  }
};
