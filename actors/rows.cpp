#include "actors/rows.hpp"

#include "actors/detail/json_writer.hpp"
#include "actors/detail/sql_arrays.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace troupe {

const sql_value& row::operator[](std::string_view column) const {
  const auto& columns = result_->columns;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i] == column)
      return result_->cells[index_ * columns.size() + i];
  throw error{errc::internal, "the result has no column \"" + std::string{column} + "\""};
}

void to_json(nlohmann::json& out, const row& from) {
  const auto& columns = from.result_->columns;
  out = nlohmann::json::object();
  for (std::size_t i = 0; i < columns.size(); ++i)
    detail::value_to_json(out[columns[i]], from.result_->cells[from.index_ * columns.size() + i]);
}

void to_json(nlohmann::json& out, const rows& from) {
  out = nlohmann::json::array();
  for (auto each : from)
    out.push_back(each);
}

std::string row::dump() const {
  if (detail::has_repeated_names(result_->columns)) // the last one of a name counts
    return detail::dumped(*this);
  std::string out;
  detail::write_json_row(out, *result_, index_);
  return out;
}

std::string rows::dump() const {
  if (detail::has_repeated_names(result_->columns))
    return detail::dumped(*this);
  std::string out;
  detail::write_json_array(out, size(), [&](std::size_t i) { detail::write_json_row(out, *result_, first_ + i); });
  return out;
}

} // namespace troupe
