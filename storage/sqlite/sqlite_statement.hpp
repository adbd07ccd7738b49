#pragma once

#include "actors/messages/sql.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage::sqlite {

/// Throws what SQLite last complained about on `db`; `context` goes in front of it.
[[noreturn]] void throw_last_error(sqlite3* db, int result_code, const std::string& context = {});

/// How a column's declared type reads what its storage class leaves open.
enum class column_kind : std::uint8_t { plain, boolean, json, decimal, time, utc_time };

[[nodiscard]] column_kind kind_of_declared_type(const char* declared) noexcept;

/// One prepared statement. Thread: its connection's.
class sqlite_statement {
public:
  /// Prepares the first statement of `sql` and cuts it off. Throws statement_error.
  sqlite_statement(sqlite3* db, std::string_view& sql);

  /// There was nothing but blanks and comments.
  [[nodiscard]] bool empty() const noexcept { return handle_ == nullptr; }

  /// Whether it takes the file's write lock.
  [[nodiscard]] bool writes() const noexcept {
    return sqlite3_stmt_readonly(handle_.get()) == 0 && sqlite3_stmt_isexplain(handle_.get()) == 0;
  }

  /// Runs it to the end. Throws statement_error; the statement can be run again in any case.
  sql_result run(std::span<const sql_value> parameters);

  /// Runs it in steps instead, for a statement of which nothing else is wanted. The parameters stay where they are.
  void begin(std::span<const sql_value> parameters);
  /// Further rows, `most` at most. Fewer: there are no more; it is not to be called again then, nor after an error.
  sql_result next(std::size_t most);

private:
  struct finalizer {
    void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
  };

  void read_placeholders();
  void read_columns();
  void append_row(std::vector<sql_value>& cells) const;

  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
  /// For each of SQLite's own parameter positions, the index of the value that goes there.
  std::vector<std::size_t> placeholders_;
  std::size_t parameter_count_ = 0;
  std::vector<column_kind> kinds_;
  std::vector<std::string> names_;
  int columns_read_at_ = -1; // SQLite's count of re-preparations at that time
};

} // namespace troupe::storage::sqlite
