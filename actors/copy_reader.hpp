#pragma once

#include "actors/messages/sql.hpp"
#include "actors/row_stream.hpp"
#include "actors/task.hpp"

#include <optional>
#include <string>

namespace troupe {

/// What a statement gives as CSV, a piece at a time: `database::copy_out`. For exports: what the database has written
/// goes on as it is, and no row is looked at on the way.
///
///     auto out = ctx.db().copy_out("SELECT id, name FROM users WHERE id > $1 ORDER BY id", after).with_header();
///     while (auto piece = co_await out.next()) // std::string
///       co_await body.write(std::move(*piece));
///
/// Lines end with a line feed. A value with a comma, a quote or a line break stands in quotes, a quote in it twice;
/// NULL is nothing between the commas, an empty text is "". PostgreSQL writes with COPY ... TO STDOUT; SQLite's rows
/// are written alike, with true and false as t and f, bytes as \x and hexadecimal digits.
///
/// Only what reads, as `row_stream`, and like one from `ctx.db()` it holds a connection of the pool with a read-only
/// transaction from the first `next` until the text has ended, it has failed or it is destroyed. On PostgreSQL a
/// connection that is left in the middle is replaced: the rest of its rows would have to be read first.
///
/// Errors are those of `statements`, at `next`. `storage.query_timeout` is for each piece. For the loop of the context
/// that it is from, and no longer than that.
class copy_reader {
public:
  copy_reader(detail::host& owner, const detail::held_connection& on, sql_statement what);

  /// The columns' names come first.
  copy_reader with_header() &&;

  /// Whole lines, some 64 KiB unless they are long or slow to come; empty when there are no more. One at a time, or
  /// std::logic_error. After an error it throws the same again.
  [[nodiscard]] task<std::optional<std::string>> next();

private:
  static task<std::optional<std::string>> text_of(task<std::optional<rows>> piece);

  row_stream pieces_;
};

} // namespace troupe
