#include "storage/sqlite/sqlite_statement.hpp"

#include "actors/detail/sql_arrays.hpp"
#include "storage/connection.hpp"
#include "storage/detail/iso_time.hpp"
#include "storage/sqlite/result_code.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

namespace troupe::storage::sqlite {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

bool contains(std::string_view declared, std::string_view upper) noexcept {
  auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  return std::search(declared.begin(), declared.end(), upper.begin(), upper.end(), same)
         != declared.end();
}

std::string_view text_of(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

sql_value typed_text(column_kind kind, std::string_view text) {
  switch (kind) {
  case column_kind::json: return json_text{std::string{text}};
  case column_kind::decimal: return numeric{std::string{text}};
  case column_kind::time: return timestamp{to_iso_time(text)};
  case column_kind::utc_time: return timestamp{to_iso_time(text, true)};
  case column_kind::plain:
  case column_kind::boolean: break;
  }
  return std::string{text};
}

sql_value typed_integer(column_kind kind, std::int64_t value) {
  if (kind == column_kind::boolean && (value == 0 || value == 1))
    return value == 1;
  if (kind == column_kind::json) // the column's affinity has turned the text into a number
    return json_text{std::to_string(value)};
  return value;
}

[[noreturn]] void throw_bad_parameter(std::size_t index, std::string_view defect) {
  throw error{errc::invalid_argument,
              "parameter $" + std::to_string(index + 1) + ' ' + std::string{defect}};
}

/// Without a copy: the value outlives the run.
int bind_text(sqlite3_stmt* statement, int position, const std::string& text) {
  return sqlite3_bind_text64(statement, position, text.data(), text.size(), SQLITE_STATIC,
                             SQLITE_UTF8);
}

/// Throws error{invalid_argument} for what SQLite would store as something else.
void check_value(std::size_t index, const sql_value& value) {
  if (const auto* number = std::get_if<double>(&value); number && std::isnan(*number)) // would be NULL
    throw_bad_parameter(index, "is not a number (NaN)");
  const auto* decimal = std::get_if<numeric>(&value);
  if (decimal && decimal->text.find_first_of("NI") != std::string::npos) // NaN, Infinity
    throw_bad_parameter(index, "is " + decimal->text + ", which SQLite has no number for");
  if (const auto* json = std::get_if<json_text>(&value); json && !nlohmann::json::accept(json->text))
    throw_bad_parameter(index, "is not JSON");
  if (const auto* array = std::get_if<sql_array>(&value))
    for (const auto& each : array->elements)
      check_value(index, each);
}

int bind_value(sqlite3_stmt* statement, int position, std::size_t index, const sql_value& value) {
  check_value(index, value);
  return std::visit(
    overloaded{
      [&](std::monostate) { return sqlite3_bind_null(statement, position); },
      [&](bool x) { return sqlite3_bind_int(statement, position, x ? 1 : 0); },
      [&](std::int64_t x) { return sqlite3_bind_int64(statement, position, x); },
      [&](double x) { return sqlite3_bind_double(statement, position, x); },
      [&](const std::string& x) { return bind_text(statement, position, x); },
      [&](const blob& x) {
        // A null pointer would be NULL, not an empty blob.
        return sqlite3_bind_blob64(statement, position, x.bytes.empty() ? "" : x.bytes.data(),
                                   x.bytes.size(), SQLITE_STATIC);
      },
      [&](const sql_array& x) {
        const auto json = troupe::detail::to_json_array(x);
        return sqlite3_bind_text64(statement, position, json.data(), json.size(), SQLITE_TRANSIENT,
                                   SQLITE_UTF8);
      },
      [&](const auto& x) { return bind_text(statement, position, x.text); }},
    value);
}

/// Ends a run, also when it failed, so that it holds no lock and points at no parameter.
class run_guard {
public:
  explicit run_guard(sqlite3_stmt* statement) : statement_(statement) {}
  run_guard(const run_guard&) = delete;
  run_guard& operator=(const run_guard&) = delete;
  ~run_guard() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

private:
  sqlite3_stmt* statement_;
};

} // namespace

void throw_last_error(sqlite3* db, int result_code, const std::string& context) {
  auto what = meaning_of(result_code);
  throw statement_error{what.code, what.detail, context + sqlite3_errmsg(db)};
}

column_kind kind_of_declared_type(const char* declared) noexcept {
  if (declared == nullptr)
    return column_kind::plain;
  const std::string_view type{declared};
  if (contains(type, "BOOL"))
    return column_kind::boolean;
  if (contains(type, "JSON"))
    return column_kind::json;
  if (contains(type, "NUMERIC") || contains(type, "DECIMAL"))
    return column_kind::decimal;
  if (contains(type, "TIMESTAMPTZ") || contains(type, "WITH TIME ZONE"))
    return column_kind::utc_time;
  if (contains(type, "DATE") || contains(type, "TIME"))
    return column_kind::time;
  return column_kind::plain;
}

sqlite_statement::sqlite_statement(sqlite3* db, std::string_view& sql) : db_(db) {
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const auto result = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                         SQLITE_PREPARE_PERSISTENT, &handle, &tail);
  handle_.reset(handle);
  if (result != SQLITE_OK)
    throw_last_error(db, result);
  sql.remove_prefix(static_cast<std::size_t>(tail - sql.data()));
  read_placeholders();
}

void sqlite_statement::read_placeholders() {
  // SQLite numbers $1, $2 by their first appearance: they are names to it.
  const auto count = sqlite3_bind_parameter_count(handle_.get());
  for (int position = 1; position <= count; ++position) {
    const auto* name = sqlite3_bind_parameter_name(handle_.get(), position);
    const std::string_view text{name == nullptr ? "?" : name};
    std::size_t number = 0;
    auto [end, ec] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (!text.starts_with('$') || ec != std::errc{} || end != text.data() + text.size()
        || number == 0)
      throw statement_error{errc::internal, "the database refused the statement",
                            "placeholder \"" + std::string{text} + "\": expected $1, $2, ..."};
    placeholders_.push_back(number - 1);
    parameter_count_ = std::max(parameter_count_, number);
  }
}

sql_result sqlite_statement::run(std::span<const sql_value> parameters) {
  const run_guard guard{handle_.get()};
  begin(parameters);
  const auto changes_before = sqlite3_total_changes64(db_);
  auto out = next(std::numeric_limits<std::size_t>::max());
  if (sqlite3_total_changes64(db_) != changes_before)
    out.affected_rows = sqlite3_changes64(db_);
  return out;
}

sql_result sqlite_statement::next(std::size_t most) {
  sql_result out;
  auto state = SQLITE_ROW;
  for (std::size_t rows = 0; rows < most && state == SQLITE_ROW; ++rows) {
    state = sqlite3_step(handle_.get());
    if (rows == 0)
      read_columns(); // after the first step: it may have prepared the statement anew
    if (state == SQLITE_ROW)
      append_row(out.cells);
  }
  if (state != SQLITE_ROW && state != SQLITE_DONE)
    throw_last_error(db_, sqlite3_extended_errcode(db_));
  out.columns = names_;
  return out;
}

void sqlite_statement::begin(std::span<const sql_value> parameters) {
  if (parameters.size() != parameter_count_)
    throw statement_error{errc::internal, "the database refused the statement",
                          std::to_string(parameters.size()) + " parameters, the statement takes "
                            + std::to_string(parameter_count_)};
  for (std::size_t i = 0; i < placeholders_.size(); ++i) {
    const auto index = placeholders_[i];
    const auto result = bind_value(handle_.get(), static_cast<int>(i) + 1, index,
                                   parameters[index]);
    if (result != SQLITE_OK)
      throw_last_error(db_, result);
  }
}

void sqlite_statement::read_columns() {
  const auto now = sqlite3_stmt_status(handle_.get(), SQLITE_STMTSTATUS_REPREPARE, 0);
  if (now == columns_read_at_)
    return;
  columns_read_at_ = now;
  names_.clear();
  kinds_.clear();
  for (int i = 0; i < sqlite3_column_count(handle_.get()); ++i) {
    names_.emplace_back(sqlite3_column_name(handle_.get(), i));
    kinds_.push_back(kind_of_declared_type(sqlite3_column_decltype(handle_.get(), i)));
  }
}

void sqlite_statement::append_row(std::vector<sql_value>& cells) const {
  auto* row = handle_.get();
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const auto column = static_cast<int>(i);
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL: cells.emplace_back(); break;
    case SQLITE_INTEGER:
      cells.push_back(typed_integer(kinds_[i], sqlite3_column_int64(row, column)));
      break;
    case SQLITE_FLOAT: cells.emplace_back(sqlite3_column_double(row, column)); break;
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
      cells.emplace_back(blob{size == 0 ? std::string{} : std::string{bytes, size}});
      break;
    }
    default: cells.push_back(typed_text(kinds_[i], text_of(row, column)));
    }
  }
}

} // namespace troupe::storage::sqlite
