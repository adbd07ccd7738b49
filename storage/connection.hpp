#pragma once

#include "actors/messages/errc.hpp"
#include "actors/messages/sql.hpp"
#include "config/settings.hpp"
#include "storage/statement_pipe.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::storage {

enum class backend : std::uint8_t { sqlite, postgres };

/// A statement, a connection attempt or a migration that failed. `what()` may be shown to a client;
/// `internal()` is what the database said, for the log only.
class statement_error : public error {
public:
  statement_error(errc code, std::string_view detail, std::string internal)
    : error(code, std::string{detail}), internal_(std::move(internal)) {}

  [[nodiscard]] const std::string& internal() const noexcept { return internal_; }

private:
  std::string internal_;
};

/// One session with the database; every call blocks.
///
/// Thread: one at a time, `interrupt` and `canceller` apart. Errors: every member that is not noexcept throws
/// `statement_error`; with `healthy()` false afterwards the session is gone: `unavailable` of a statement of
/// which nothing is left (it was not sent, or its transaction was not committed), `outcome_unknown` of one that may
/// have taken effect: a COMMIT, or any that ran by itself, reads included. Further codes:
///
/// - `conflict`: a unique, foreign-key or exclusion constraint, or a transaction that the database has rolled back,
/// - `serialization_failure`: that or a deadlock; nothing of the transaction can be committed any more,
/// - `unprocessable`: NOT NULL, CHECK, values that do not fit their column,
/// - `invalid_argument`: a parameter that no database could store (text with a NUL or not UTF-8, a numeric that is none),
/// - `internal`: what the service itself got wrong (syntax, unknown table, number of parameters, a change in a read-only
///   transaction),
/// - `deadline_exceeded`: cancelled, or longer than `settings.query_timeout`.
class connection {
public:
  connection() = default;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  virtual ~connection() = default;

  /// Runs exactly one statement, prepared and kept for the next time by its text.
  virtual sql_result execute(const sql_statement& statement) = 0;

  /// The first rows of a statement that only reads (`only_reads` in detail/sql_text.hpp, others are refused), as
  /// many as its `steps` say at most, and further ones at each `fetch`. Fewer: there are no more, and it is closed,
  /// as after an error. Between the calls other statements may run. REQUIRES: in a transaction, with whose end all
  /// that is open ends, too. As a text instead: a piece at a time until there is none; on PostgreSQL nothing else may
  /// run meanwhile.
  virtual sql_result open_cursor(const sql_statement& statement) = 0;
  virtual sql_result fetch(const sql_steps& which) = 0;
  /// Nothing happens when it is not open.
  virtual void close_cursor(const sql_steps& which) = 0;

  /// Adds the rows to the table, see `sql_steps`; their number is in `affected_rows`. An error says in which row it
  /// was, where the database tells it; what was added of these rows stays for the end of the transaction to undo.
  virtual sql_result copy_in(const sql_statement& rows) = 0;

  /// Commits, and tells those who listen what the parameters say, see `sql_steps`: both, or neither. As it stands
  /// here it is for PostgreSQL.
  virtual sql_result commit_and_notify(const sql_statement& commit);

  /// Whichever of these and `execute` the statement's `steps` ask for.
  sql_result run(const sql_statement& statement);

  struct timing {
    std::chrono::nanoseconds usual{0};
    std::chrono::nanoseconds least{0}; ///< when nothing held it up

    timing& operator+=(const timing& other) noexcept {
      usual += other.usual;
      least += other.least;
      return *this;
    }
    timing& operator-=(const timing& other) noexcept {
      usual -= other.usual;
      least -= other.least;
      return *this;
    }
  };
  /// How long the statement is likely to take, when it may go through a pipe; none: it may not, or has not been
  /// seen yet, or gives much.
  [[nodiscard]] virtual std::optional<timing> expected_time(const std::string& sql) {
    static_cast<void>(sql);
    return std::nullopt;
  }

  /// For statements that have an `expected_time`. Null: there is none. REQUIRES: no transaction is open.
  [[nodiscard]] virtual std::unique_ptr<statement_pipe> open_pipe() { return nullptr; }

  /// Runs a text of several statements without parameters, for migrations. The error's internal()
  /// begins with "line N: " where the place is known.
  virtual void run_script(const std::string& sql) = 0;

  /// False when the session is known to be gone; asks the socket, not the server.
  [[nodiscard]] virtual bool healthy() noexcept = 0;

  /// Gives the session the settings again that it was opened with, and the role; in a transaction, as part of it.
  virtual void restore_settings() {}

  /// A statement has changed settings of the session, which others would find so.
  [[nodiscard]] virtual bool altered() noexcept { return false; }

  /// It is of no use any more, as rows of its last statement are still to come.
  [[nodiscard]] virtual bool is_midway() noexcept { return false; }

  [[nodiscard]] virtual bool in_transaction() noexcept = 0;

  /// Rolls back an open transaction, within `settings.connect_timeout`; nothing happens without one.
  virtual void reset() = 0;

  /// Makes the call that is under way fail soon. Any thread.
  virtual void interrupt() noexcept = 0;

  /// A function that asks for the statement that is under way to end, with `deadline_exceeded`; the session lives
  /// on. When it returns, the database has been told, so that no later statement is hit. That may take for ever:
  /// a server, or a proxy in front of it, takes connections and answers nothing. It needs no session any more, and
  /// does nothing without one. None: there is no way. Any thread, the function, too.
  [[nodiscard]] virtual std::function<void()> canceller() const = 0;

  /// Sessions that the server allows at the same time to who is no superuser; none: there is no such limit. Asks the
  /// server, for as long as `settings.connect_timeout`.
  [[nodiscard]] virtual std::optional<std::size_t> sessions_allowed() { return std::nullopt; }

  [[nodiscard]] virtual backend kind() const noexcept = 0;
};

/// By the scheme of a storage URL: sqlite:PATH, postgres://... or postgresql://...
/// Throws error{invalid_argument} for anything else, and for sqlite::memory:, whose data several
/// connections could not share.
[[nodiscard]] backend backend_of(std::string_view url);

/// Opens a session within `settings.connect_timeout`; with `settings.read_only` one that refuses to write, and makes no
/// SQLite file. Throws statement_error{unavailable}.
[[nodiscard]] std::unique_ptr<connection> connect(const config::storage_settings& settings);

/// The same for who only reads: makes no SQLite file and leaves one as it is, refusing to write. Null
/// when that file is not there yet.
[[nodiscard]] std::unique_ptr<connection>
connect_to_read(const config::storage_settings& settings);

} // namespace troupe::storage
