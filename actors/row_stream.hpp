#pragma once

#include "actors/detail/courier.hpp"
#include "actors/messages/sql.hpp"
#include "actors/rows.hpp"
#include "actors/task.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace troupe {

namespace detail {
class host;
class row_source;
} // namespace detail

/// The rows of a statement, a step at a time, in their order, each once:
///
///     auto found = ctx.db().stream("SELECT id, name FROM users WHERE id > $1 ORDER BY id", after);
///     while (auto some = co_await found.next()) // troupe::rows
///       for (auto row : *some)
///         use(row);
///
/// Only what reads: SELECT, VALUES, TABLE, WITH in front of these; of others error{internal}. A step is fetched
/// when it is asked for and not before, so that memory holds one at a time.
///
/// From `ctx.db()` it takes a connection of the pool at the first `next` and holds it, with a transaction that is
/// read only, until its rows have ended, it has failed or it is destroyed: whoever waits for something slow between
/// the steps keeps the connection from others. All rows are as of one moment. From a transaction it is a part of
/// that, uses its connection and ends with it; any number may be read beside each other and beside its statements.
/// Rows that these change meanwhile come as they were at the first `next` on PostgreSQL, and either way on SQLite.
///
/// Errors are those of `statements`, at `next`; `storage.query_timeout` is for each step. For the loop of the
/// context that it is from, and no longer than that.
class row_stream {
public:
  static constexpr std::size_t most_rows = 1'000'000; ///< of one step

  row_stream(detail::host& owner, const detail::held_connection& on, sql_statement what);

  /// Steps of so many rows instead of 1,000. Throws std::invalid_argument for 0 and for more than `most_rows`.
  row_stream in_steps_of(std::size_t rows) &&;

  /// The next rows: as many as a step has, fewer at the end; empty when there are no more. One at a time, or
  /// std::logic_error. After an error it throws the same again; when it was destroyed where it waited (a
  /// `with_timeout` around it) error{conflict}, as nobody knows which rows are lost.
  [[nodiscard]] task<std::optional<rows>> next();

private:
  friend class copy_reader;

  /// A step is a row with a piece of the text. Before the first one.
  void give_text(sql_steps::form as) noexcept;

  std::shared_ptr<detail::row_source> source_;
};

} // namespace troupe
