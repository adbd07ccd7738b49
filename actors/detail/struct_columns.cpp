#include "actors/detail/struct_columns.hpp"

#include "actors/detail/sql_arrays.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace troupe::detail {

namespace {

[[noreturn]] void throw_missing(const struct_columns& what, std::string_view member,
                                const sql_result& from) {
  std::string has;
  for (const auto& each : from.columns)
    has += (has.empty() ? "" : ", ") + each;
  throw error{errc::internal, "column \"" + std::string{member} + "\" of " + std::string{what.type}
                                + " is not in the result: it has "
                                + (has.empty() ? "no columns" : has)};
}

[[noreturn]] void throw_null(const struct_columns& what, std::string_view member) {
  const std::string name{member};
  throw error{errc::internal, "column \"" + name + "\" is NULL, " + std::string{what.type} + "::" + name
                                + " takes no NULL: make it std::optional"};
}

} // namespace

std::vector<std::size_t> places_of(const struct_columns& what, const sql_result& from) {
  std::vector<std::size_t> out;
  out.reserve(what.members.size());
  for (const auto& member : what.members) {
    const auto found = std::find(from.columns.begin(), from.columns.end(), member.name);
    if (found == from.columns.end())
      throw_missing(what, member.name, from);
    out.push_back(static_cast<std::size_t>(found - from.columns.begin()));
  }
  return out;
}

void read_struct(void* object, const struct_columns& what, std::span<const std::size_t> places,
                 const sql_result& from, std::size_t row) {
  const auto* cells = from.cells.data() + row * from.columns.size();
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& member = what.members[i];
    const auto& value = cells[places[i]];
    if (std::holds_alternative<std::monostate>(value) && !member.takes_null)
      throw_null(what, member.name);
    member.read(object, {member.name}, value);
  }
}

void struct_to_json(nlohmann::json& out, const struct_columns& what, const void* object) {
  out = nlohmann::json::object();
  for (const auto& member : what.members)
    value_to_json(out[std::string{member.name}], member.write(object));
}

} // namespace troupe::detail
