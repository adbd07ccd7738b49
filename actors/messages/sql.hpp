#pragma once

#include "actors/messages/errc.hpp"
#include "actors/messages/trace_context.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

/// Bytes as they are stored (bytea, BLOB).
struct blob {
  std::string bytes;
  friend bool operator==(const blob&, const blob&) = default;
};

/// A JSON document as text (json, jsonb).
struct json_text {
  std::string text;
  friend bool operator==(const json_text&, const json_text&) = default;
};

/// A decimal number as text, so that no digit is lost (numeric); PostgreSQL knows NaN, Infinity and -Infinity, too.
struct numeric {
  std::string text;
  friend bool operator==(const numeric&, const numeric&) = default;
};

/// A date, time or timestamp as ISO 8601 text, e.g. "2026-01-31T12:00:00.5Z".
struct timestamp {
  std::string text;
  friend bool operator==(const timestamp&, const timestamp&) = default;
};

struct sql_array;

/// One SQL value, both as a parameter and in a result; `std::monostate` is NULL.
using sql_value = std::variant<std::monostate, bool, std::int64_t, double, std::string, blob,
                               json_text, numeric, timestamp, sql_array>;

/// Elements of one type, NULLs among them, or arrays again: an array of PostgreSQL's; for SQLite, which has
/// none, it is sent as the text of a JSON array.
struct sql_array {
  std::vector<sql_value> elements;
  friend bool operator==(const sql_array& a, const sql_array& b);
};

inline bool operator==(const sql_array& a, const sql_array& b) {
  return a.elements == b.elements;
}

/// How a leased connection carries a statement out, where it does so neither at once nor as a whole.
struct sql_steps {
  enum class kind : std::uint8_t {
    none,  ///< at once, as a whole
    open,  ///< of a statement that only reads the first rows, `rows` at most; fewer: it has no more, and is closed
    fetch, ///< further ones of what is open
    close, ///< no more of it is wanted
    copy,  ///< `sql` is COPY with a table and its columns, the parameters are rows for it, one behind the other
    commit, ///< `sql` is COMMIT, the parameters are what is notified with it: channel, payload, channel, payload, ...
    notify, ///< on no lease: `sql` is `notify_sql`, the parameters are channel and payload
  };
  /// What a step of what is open gives.
  enum class form : std::uint8_t {
    rows,
    csv, ///< a piece of a text, the only value of its only row; no row: that was the last one
    csv_with_header,
  };
  kind what = kind::none;
  form as = form::rows;
  std::uint64_t lease = 0;  ///< the one that it is a part of; on another one it is refused
  std::uint64_t cursor = 0; ///< what is open, by a number of the asker's
  std::size_t rows = 0;     ///< copy: so many were before these
  std::size_t columns = 0;  ///< copy: values of a row
};

/// How PostgreSQL is told; what does without a server for it goes by the step.
inline constexpr const char* notify_sql = "SELECT pg_notify($1, $2)";

/// Message to a database or connection actor, always with a `call_id` before it: SQL text with the
/// placeholders $1, $2, ... and one parameter for each. Answered by `sql_result` or `failure`.
struct sql_statement {
  std::string sql;
  std::vector<sql_value> parameters;
  /// The route or the kind of actor that asks, for whoever wants to know what a connection does; lives until
  /// the process ends, or null.
  const std::string* asked_by = nullptr;
  /// The result of the same read that is under way already will do.
  bool shared = false;
  /// It is refused unless it reads.
  bool only_reads = false;
  /// Not empty: it reads by its first parameter, and may be put together with others that do; the result's column
  /// with that. Not for the database actor.
  std::string key_column{};
  sql_steps steps{};
  /// The trace of who asks; null: none.
  std::shared_ptr<const trace_context> trace{};
  /// It is told to the database, too, in a comment.
  bool tells_trace = false;
};

/// Answer to `sql_statement`: all rows, row by row in `cells` (rows x columns values).
struct sql_result {
  std::vector<std::string> columns;
  std::vector<sql_value> cells;
  /// Rows inserted, updated or deleted; 0 for statements that only read.
  std::int64_t affected_rows = 0;

  [[nodiscard]] std::size_t row_count() const noexcept {
    return columns.empty() ? 0 : cells.size() / columns.size();
  }
};

/// Message to the database actor, with a `call_id` before it: asks for one connection to hold.
/// Answered by `sql_lease` or, after the acquire timeout, by `failure{unavailable}`.
struct sql_acquire {
  const std::string* asked_by = nullptr; ///< as that of a statement
};

/// Message to the database actor, with the `call_id` of a statement or of a wish for a connection before it, no
/// answer: nobody waits for that any more. What waits is taken out, what runs is cancelled at the server, also on
/// a leased connection.
struct sql_abandoned {};

/// Message to the database actor, with a `call_id` before it: wants what is notified on the channel. Answered, as soon
/// as nothing is missed any more, by a `local_reply` with a `detail::listening` (actors/detail/listening.hpp).
struct sql_listen {
  std::string channel;
};

/// Message to a leased connection actor, no answer: the holder is done. An open transaction is
/// rolled back, then the connection returns to its pool.
struct sql_release {
  std::uint64_t lease = 0;
};

/// Answer instead of a result: what went wrong, in a sentence that a client may see.
struct failure {
  errc code = errc::internal;
  std::string detail;
};

} // namespace troupe
