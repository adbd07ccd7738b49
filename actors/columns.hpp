#pragma once

#include "actors/detail/each_argument.hpp"
#include "actors/detail/json_writer.hpp"
#include "actors/detail/struct_columns.hpp"
#include "actors/messages/response.hpp"

#include <string>
#include <utility>
#include <vector>

/// Says which members of a struct are columns, by their names, so that `row::as`, `rows::as` and
/// `ctx.db().query_as` fill it:
///
///     struct user {
///       int id = 0;
///       std::string name;
///       std::optional<std::string> email; // may be NULL
///     };
///     TROUPE_COLUMNS(user, id, name, email)
///
/// Stands in the struct's own namespace, outside of functions and classes. Members are public, of the types
/// of `row::get`, as many as 250; the struct can be made without arguments. PostgreSQL folds names to lower
/// case: a member `createdAt` needs a column AS "createdAt".
///
/// Such a struct is also written to JSON, as `row` is: json(user), json(std::vector<user>). A `to_json` of
/// its own, or NLOHMANN_DEFINE_TYPE..., goes before.
#define TROUPE_COLUMNS(Type, ...)                                                                  \
  [[maybe_unused]] inline ::troupe::detail::struct_columns troupe_columns(                         \
    ::troupe::detail::tag<Type>) {                                                                 \
    static constexpr ::troupe::detail::struct_member members[] = {                                 \
      TROUPE_DETAIL_EACH(TROUPE_DETAIL_MEMBER, Type, __VA_ARGS__)};                                \
    return {#Type, members};                                                                       \
  }
#define TROUPE_DETAIL_MEMBER(Type, name) ::troupe::detail::member_of<Type, &Type::name>(#name),

/// Says how SQL writes an enum's values, by their names: for PostgreSQL's enum types and for texts.
///
///     enum class color { red, green, blue };
///     TROUPE_ENUM(color, red, green, blue)
///
/// Stands in the enum's own namespace. A `color` is then a parameter, a member of a struct and a type of
/// `row::get`. A value without a name is refused as a parameter with error{invalid_argument}; a text that is
/// none of the names throws error{internal} where it is read.
///
/// Where SQL has other names, write the function instead: its argument finds it, so it stands in the
/// enum's namespace, and what it refers to lives for ever.
///
///     inline troupe::detail::enum_names troupe_enum(troupe::detail::tag<state>) {
///       static constexpr troupe::detail::enum_name names[] = {{"in-progress", 0}, {"done", 1}};
///       return {"state", names};
///     }
#define TROUPE_ENUM(Type, ...)                                                                     \
  [[maybe_unused]] inline ::troupe::detail::enum_names troupe_enum(::troupe::detail::tag<Type>) {  \
    static constexpr ::troupe::detail::enum_name names[] = {                                       \
      TROUPE_DETAIL_EACH(TROUPE_DETAIL_ENUM_NAME, Type, __VA_ARGS__)};                             \
    return {#Type, names};                                                                         \
  }
#define TROUPE_DETAIL_ENUM_NAME(Type, name) {#name, static_cast<::std::int64_t>(Type::name)},

namespace troupe {

namespace detail {
template <class T>
concept written_by_columns = with_columns<T> && requires { typename nlohmann::adl_serializer<T, void>::by_columns; };
}

/// As `json(row)`: written at once, members in their order.
template <detail::written_by_columns T>
response json(const T& from) {
  std::string out;
  detail::write_json_struct(out, troupe_columns(detail::tag<T>{}), &from);
  return json_body(std::move(out));
}

template <detail::written_by_columns T>
response json(const std::vector<T>& from) {
  std::string out;
  detail::write_json_array(out, from.size(), [&](std::size_t i) {
    detail::write_json_struct(out, troupe_columns(detail::tag<T>{}), &from[i]);
  });
  return json_body(std::move(out));
}

} // namespace troupe
