#pragma once

#include "actors/columns.hpp"
#include "actors/detail/key_rows.hpp"
#include "actors/detail/sql_convert.hpp"
#include "actors/messages/response.hpp"
#include "actors/messages/sql.hpp"

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// One row of a result; keeps the whole result alive.
class row {
public:
  row(std::shared_ptr<const sql_result> result, std::size_t index)
    : result_(std::move(result)), index_(index) {}

  /// The value of a column. Throws error{internal} when there is no such column.
  [[nodiscard]] const sql_value& operator[](std::string_view column) const;

  /// The value converted; docs/sql.md has a table. T is one of
  ///
  /// - bool, integers, floating point, std::string (takes any value), `numeric`, `timestamp`, `blob`,
  ///   `json_text`, nlohmann::json (takes any value, NULL too),
  /// - std::chrono::sys_time and durations of microseconds or coarser ones, std::chrono::year_month_day,
  /// - an enum with TROUPE_ENUM (actors/columns.hpp),
  /// - std::vector of these or of such vectors, for an array; on SQLite for the text of a JSON array,
  /// - std::optional of these, for what may be NULL.
  ///
  /// Nothing is rounded or cut. Throws error{internal} that names the column when it does not convert.
  template <class T>
  [[nodiscard]] T get(std::string_view column) const {
    return detail::convert<T>({column}, (*this)[column]);
  }

  /// The row as a struct with TROUPE_COLUMNS (actors/columns.hpp), by the names of its members; further
  /// columns are ignored. Throws error{internal} when one is not there, or does not convert. For all
  /// rows of a result, `rows::as` looks the columns up once.
  template <class T>
  [[nodiscard]] T as() const {
    T out{};
    detail::read_row(out, detail::places_of(troupe_columns(detail::tag<T>{}), *result_), *result_, index_);
    return out;
  }

  /// An object of all columns: NULL as null, json columns as JSON (as text
  /// when nested too deeply), arrays as arrays, numeric as text, blobs as hex,
  /// NaN and infinite doubles as the texts "NaN", "Infinity" and "-Infinity".
  friend void to_json(nlohmann::json& out, const row& from);

  /// The same as text, written at once: columns in their order, json values as the database wrote them.
  [[nodiscard]] std::string dump() const;

private:
  std::shared_ptr<const sql_result> result_;
  std::size_t index_;
};

/// All rows of a result, in order.
class rows {
public:
  explicit rows(sql_result&& result)
    : result_(std::make_shared<const sql_result>(std::move(result))), count_(result_->row_count()) {}
  explicit rows(detail::result_part part) noexcept
    : result_(std::move(part.all)), first_(part.first), count_(part.count) {}

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// REQUIRES: index < size().
  [[nodiscard]] row operator[](std::size_t index) const { return row{result_, first_ + index}; }
  /// Rows that the statement inserted, updated or deleted.
  [[nodiscard]] std::int64_t affected() const noexcept { return result_->affected_rows; }

  /// Each row as a struct, see `row::as`. A column that is not there is an error also when there are no rows.
  template <class T>
  [[nodiscard]] std::vector<T> as() const {
    const auto places = detail::places_of(troupe_columns(detail::tag<T>{}), *result_);
    std::vector<T> out(size());
    for (std::size_t i = 0; i < out.size(); ++i)
      detail::read_row(out[i], places, *result_, first_ + i);
    return out;
  }

  class iterator {
  public:
    iterator(const rows* all, std::size_t at) : all_(all), at_(at) {}
    row operator*() const { return (*all_)[at_]; }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    friend bool operator==(const iterator&, const iterator&) = default;

  private:
    const rows* all_;
    std::size_t at_;
  };
  [[nodiscard]] iterator begin() const { return {this, 0}; }
  [[nodiscard]] iterator end() const { return {this, size()}; }

  /// An array of objects.
  friend void to_json(nlohmann::json& out, const rows& from);

  /// The same as text, see `row::dump`.
  [[nodiscard]] std::string dump() const;

private:
  std::shared_ptr<const sql_result> result_;
  std::size_t first_ = 0; // of it: other rows may be others'
  std::size_t count_;
};

/// 200 with the row, or the rows, as JSON: what `dump` gives.
template <class T>
  requires std::same_as<T, row> || std::same_as<T, rows>
response json(const T& from) {
  return json_body(from.dump());
}

} // namespace troupe
