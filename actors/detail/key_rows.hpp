#pragma once

#include "actors/messages/sql.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::detail {

/// Some of the rows of a result; others have the rest.
struct result_part {
  std::shared_ptr<const sql_result> all;
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Keys, sorted and each once: integers or texts.
class key_set {
public:
  /// Whether rows can be told apart by such a key.
  static bool takes(const sql_value& key) noexcept;

  /// REQUIRES: takes(key), all of one type.
  void add(const sql_value& key) { keys_.push_back(key); }
  /// Before the first look.
  void sort();

  [[nodiscard]] std::optional<std::size_t> find(const sql_value& key) const noexcept;
  [[nodiscard]] const std::vector<sql_value>& all() const noexcept { return keys_; }
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
  /// Whether equal keys may look different to the database, "A" and "a" in a column without case for one.
  [[nodiscard]] bool are_texts() const noexcept;

private:
  std::vector<sql_value> keys_;
};

/// The rows of a result by one column's values.
struct key_rows {
  std::vector<result_part> of_key; ///< by its place among the keys
  bool any_foreign = false;        ///< there are rows of none of them
};

/// Those of one key stay in their order.
[[nodiscard]] key_rows split(sql_result&& found, std::size_t column, const key_set& keys);

/// Its place; none: there is no such column, or more than one.
[[nodiscard]] std::optional<std::size_t> column_of(const sql_result& found, const std::string& name) noexcept;

} // namespace troupe::detail
