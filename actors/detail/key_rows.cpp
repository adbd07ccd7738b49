#include "actors/detail/key_rows.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace troupe::detail {

namespace {

/// REQUIRES: both of the same type, which key_set takes.
bool less(const sql_value& a, const sql_value& b) noexcept {
  if (const auto* number = std::get_if<std::int64_t>(&a))
    return *number < *std::get_if<std::int64_t>(&b);
  return *std::get_if<std::string>(&a) < *std::get_if<std::string>(&b);
}

/// Puts those of each key beside each other. `key_of_row`: as many as there are keys for a row of nobody.
void group(sql_result& in, std::vector<result_part>& of_key, const std::vector<std::size_t>& key_of_row) {
  std::size_t rows = 0;
  for (auto& each : of_key) {
    each.first = rows;
    rows += std::exchange(each.count, 0);
  }
  const auto width = in.columns.size();
  std::vector<sql_value> cells(rows * width);
  for (std::size_t i = 0; i < key_of_row.size(); ++i) {
    if (key_of_row[i] == of_key.size())
      continue;
    auto& key = of_key[key_of_row[i]];
    const auto to = (key.first + key.count++) * width;
    std::move(in.cells.begin() + static_cast<std::ptrdiff_t>(i * width),
              in.cells.begin() + static_cast<std::ptrdiff_t>((i + 1) * width),
              cells.begin() + static_cast<std::ptrdiff_t>(to));
  }
  in.cells = std::move(cells);
}

} // namespace

bool key_set::takes(const sql_value& key) noexcept {
  return std::holds_alternative<std::int64_t>(key) || std::holds_alternative<std::string>(key);
}

void key_set::sort() {
  std::sort(keys_.begin(), keys_.end(), less);
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
}

std::optional<std::size_t> key_set::find(const sql_value& key) const noexcept {
  if (keys_.empty() || keys_.front().index() != key.index())
    return std::nullopt;
  const auto found = std::lower_bound(keys_.begin(), keys_.end(), key, less);
  if (found == keys_.end() || less(key, *found))
    return std::nullopt;
  return static_cast<std::size_t>(found - keys_.begin());
}

bool key_set::are_texts() const noexcept {
  return !keys_.empty() && std::holds_alternative<std::string>(keys_.front());
}

key_rows split(sql_result&& found, std::size_t column, const key_set& keys) {
  key_rows out;
  out.of_key.resize(keys.size());
  const auto rows = found.row_count();
  std::vector<std::size_t> key_of_row;
  key_of_row.reserve(rows);
  bool grouped = true;
  for (std::size_t i = 0; i < rows; ++i) {
    const auto& cell = found.cells[i * found.columns.size() + column];
    const auto key = keys.find(cell);
    key_of_row.push_back(key.value_or(keys.size()));
    if (!key) {
      out.any_foreign = true;
      continue;
    }
    auto& of = out.of_key[*key];
    if (of.count == 0)
      of.first = i;
    grouped = grouped && of.first + of.count == i;
    ++of.count;
  }
  if (!grouped)
    group(found, out.of_key, key_of_row);
  const auto all = std::make_shared<const sql_result>(std::move(found));
  for (auto& each : out.of_key)
    each.all = all;
  return out;
}

std::optional<std::size_t> column_of(const sql_result& found, const std::string& name) noexcept {
  const auto at = std::find(found.columns.begin(), found.columns.end(), name);
  if (at == found.columns.end() || std::find(at + 1, found.columns.end(), name) != found.columns.end())
    return std::nullopt;
  return static_cast<std::size_t>(at - found.columns.begin());
}

} // namespace troupe::detail
