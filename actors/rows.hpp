#pragma once

#include "actors/messages/sql.hpp"

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace troupe {

namespace detail {

[[noreturn]] void throw_wrong_column_type(std::string_view column, const sql_value& found,
                                          std::string_view wanted);
/// The value as text; integers, numerics and timestamps included.
std::string value_as_text(std::string_view column, const sql_value& value);
std::int64_t value_as_integer(std::string_view column, const sql_value& value);
double value_as_double(std::string_view column, const sql_value& value);
bool value_as_bool(std::string_view column, const sql_value& value);

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

} // namespace detail

/// One row of a result; keeps the whole result alive.
class row {
public:
  row(std::shared_ptr<const sql_result> result, std::size_t index)
    : result_(std::move(result)), index_(index) {}

  /// The value of a column. Throws error{internal} when there is no such column.
  [[nodiscard]] const sql_value& operator[](std::string_view column) const;

  /// The value converted: bool, integers, double, std::string, std::optional of these for columns
  /// that may be NULL. Throws error{internal} that names the column when it does not convert.
  template <class T>
  [[nodiscard]] T get(std::string_view column) const {
    const auto& value = (*this)[column];
    if constexpr (detail::is_optional<T>::value) {
      if (std::holds_alternative<std::monostate>(value))
        return std::nullopt;
      return get<typename T::value_type>(column);
    } else if constexpr (std::same_as<T, bool>) {
      return detail::value_as_bool(column, value);
    } else if constexpr (std::integral<T>) {
      auto wide = detail::value_as_integer(column, value);
      if (!std::in_range<T>(wide))
        detail::throw_wrong_column_type(column, value, "an integer in range");
      return static_cast<T>(wide);
    } else if constexpr (std::floating_point<T>) {
      return static_cast<T>(detail::value_as_double(column, value));
    } else {
      static_assert(std::same_as<T, std::string>, "bool, numbers, text and optionals of these");
      return detail::value_as_text(column, value);
    }
  }

  /// An object of all columns: NULL as null, json columns as JSON (as text
  /// when nested too deeply), numeric as text, blobs as hex,
  /// NaN and infinite doubles as the texts "NaN", "Infinity" and "-Infinity".
  friend void to_json(nlohmann::json& out, const row& from);

private:
  std::shared_ptr<const sql_result> result_;
  std::size_t index_;
};

/// All rows of a result, in order.
class rows {
public:
  explicit rows(sql_result&& result)
    : result_(std::make_shared<const sql_result>(std::move(result))) {}

  [[nodiscard]] std::size_t size() const noexcept { return result_->row_count(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// REQUIRES: index < size().
  [[nodiscard]] row operator[](std::size_t index) const { return row{result_, index}; }
  /// Rows that the statement inserted, updated or deleted.
  [[nodiscard]] std::int64_t affected() const noexcept { return result_->affected_rows; }

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

private:
  std::shared_ptr<const sql_result> result_;
};

} // namespace troupe
