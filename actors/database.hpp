#pragma once

#include "actors/copy_reader.hpp"
#include "actors/copy_writer.hpp"
#include "actors/detail/courier.hpp"
#include "actors/detail/host.hpp"
#include "actors/detail/sql_convert.hpp"
#include "actors/listener.hpp"
#include "actors/notification.hpp"
#include "actors/row_stream.hpp"
#include "actors/rows.hpp"
#include "actors/task.hpp"
#include "actors/transaction_options.hpp"

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

/// Runs statements: `$1`, `$2`, ... in the text, one argument for each. Arguments are sent beside
/// the text, never pasted into it: bool, integers, floating point, text, nullptr, nlohmann::json, times
/// and durations of std::chrono, enums with TROUPE_ENUM, `blob`, `json_text`, `numeric`, `timestamp`
/// (actors/messages/sql.hpp), std::optional and std::vector of these; docs/sql.md has a table. A vector is an
/// array, as in `= ANY($1)`, and on SQLite the text of a JSON array, as for `json_each($1)`.
/// Where the text gives a parameter no type, as in SELECT $1, PostgreSQL takes it for text. What is no date,
/// no named value of its enum, or out of the range of times throws error{invalid_argument} at once.
///
/// Every member may throw `error`: `unavailable` when the database is away or busy past the acquire
/// timeout, `outcome_unknown` when it was lost under a statement that may have taken effect (docs/sql.md),
/// `conflict` for a unique or foreign key, `serialization_failure` when a transaction at the same time got
/// in the way, `unprocessable` for NOT NULL, CHECK and values that do not fit, `internal` for a statement that the
/// database rejects, `deadline_exceeded` for one that runs longer than `storage.query_timeout`.
///
/// When nobody waits for a statement any more (the client has left, the request's time is over, a `with_timeout`
/// was quicker), it is taken out of the queue, or cancelled at the server if it runs. A statement that changes
/// rows may have been carried out by then; one of a transaction is rolled back with it.
///
/// For the loop of the context that it is from.
class statements {
public:
  /// All rows.
  template <class... Args>
  [[nodiscard]] task<rows> query(std::string_view sql, const Args&... args) {
    return run(*host_, held_, bind(sql, args...));
  }

  /// The first row; error{not_found} when there is none.
  template <class... Args>
  [[nodiscard]] task<row> one(std::string_view sql, const Args&... args) {
    return run_one(*host_, held_, bind(sql, args...));
  }

  /// The first row, if any.
  template <class... Args>
  [[nodiscard]] task<std::optional<row>> find(std::string_view sql, const Args&... args) {
    return run_find(*host_, held_, bind(sql, args...));
  }

  /// The number of rows inserted, updated or deleted.
  template <class... Args>
  [[nodiscard]] task<std::int64_t> exec(std::string_view sql, const Args&... args) {
    return run_exec(*host_, held_, bind(sql, args...));
  }

  /// All rows, the first one, and the first one if any, as structs with TROUPE_COLUMNS
  /// (actors/columns.hpp). Throw error{internal} as `row::as` does, too.
  template <class T, class... Args>
  [[nodiscard]] task<std::vector<T>> query_as(std::string_view sql, const Args&... args) {
    return run_query_as<T>(*host_, held_, bind(sql, args...));
  }
  template <class T, class... Args>
  [[nodiscard]] task<T> one_as(std::string_view sql, const Args&... args) {
    return run_one_as<T>(*host_, held_, bind(sql, args...));
  }
  template <class T, class... Args>
  [[nodiscard]] task<std::optional<T>> find_as(std::string_view sql, const Args&... args) {
    return run_find_as<T>(*host_, held_, bind(sql, args...));
  }

  /// All rows of a statement that only reads, so many at a time: for results that are too large for `query`.
  template <class... Args>
  [[nodiscard]] row_stream stream(std::string_view sql, const Args&... args) const {
    return row_stream{*host_, held_, bind(sql, args...)};
  }

  /// Tells all who listen on the channel, on every node of the database, on SQLite on this one. From `ctx.db()` at
  /// once; from a transaction at its commit, after it, and not at all when it, or the nested one, is rolled back: the
  /// same payload is told once there. error{invalid_argument} for a name that is empty or longer than 63 bytes, for a
  /// payload of more than 7,999 bytes, and where either is not UTF-8 or holds a NUL.
  [[nodiscard]] task<void> notify(std::string_view channel, std::string_view payload = {}) {
    return run_notify(*host_, held_, kept_, {std::string{channel}, std::string{payload}});
  }

protected:
  friend class copy_writer;

  struct notice {
    std::string channel;
    std::string payload;
    friend auto operator<=>(const notice&, const notice&) = default;
  };

  statements(detail::host& owner, detail::held_connection held)
    : host_(&owner), held_(std::move(held)) {}

  template <class... Args>
  sql_statement bind(std::string_view sql, const Args&... args) const {
    sql_statement out{std::string{sql}, {}};
    out.shared = shared_;
    out.key_column = key_column_;
    out.parameters.reserve(sizeof...(args));
    (out.parameters.push_back(detail::to_sql_value<std::decay_t<const Args&>>(args)), ...);
    return out;
  }

  // Static, so that the coroutine outlives the temporary that `ctx.db()` is.
  static task<rows> run(detail::host& owner, detail::held_connection on, sql_statement what);
  static task<row> run_one(detail::host& owner, detail::held_connection on, sql_statement what);
  static task<std::optional<row>> run_find(detail::host& owner, detail::held_connection on,
                                           sql_statement what);
  static task<std::int64_t> run_exec(detail::host& owner, detail::held_connection on,
                                     sql_statement what);
  static task<void> run_notify(detail::host& owner, detail::held_connection on, std::vector<notice>* kept,
                               notice what);

  template <class T>
  static task<std::vector<T>> run_query_as(detail::host& owner, detail::held_connection on,
                                           sql_statement what) {
    const auto found = co_await run(owner, std::move(on), std::move(what));
    co_return found.template as<T>();
  }
  template <class T>
  static task<T> run_one_as(detail::host& owner, detail::held_connection on, sql_statement what) {
    const auto found = co_await run_one(owner, std::move(on), std::move(what));
    co_return found.template as<T>();
  }
  template <class T>
  static task<std::optional<T>> run_find_as(detail::host& owner, detail::held_connection on,
                                            sql_statement what) {
    const auto found = co_await run_find(owner, std::move(on), std::move(what));
    co_return found ? std::optional<T>{found->template as<T>()} : std::nullopt;
  }

  detail::host* host_;
  detail::held_connection held_; // no connection: any one of the pool of its database
  bool shared_ = false;          // results
  std::string key_column_;       // not empty: statements by it
  std::vector<notice>* kept_ = nullptr; // where what is notified waits for a commit
};

/// The statements of one transaction: all on one connection. A function that takes `statements&` serves
/// `ctx.db()`, a transaction and a nested one alike.
class transaction : public statements {
public:
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  /// Without a commit before: rolls back. The connection returns to the pool.
  ~transaction();

  /// Runs `work(transaction&)` behind a savepoint: when it throws, what it did is rolled back, and the exception
  /// goes on to the caller, who may catch it and go on with this transaction, also on PostgreSQL, where a failed
  /// statement spoils all up to the savepoint. What it did is kept only if this transaction is committed.
  ///
  /// One at a time: std::logic_error for a second one beside it; statements of this transaction meanwhile are part
  /// of it. When `work` is destroyed before it has ended (a `with_timeout` around it), what it did cannot be told
  /// from the rest any more, and this transaction cannot be committed: error{conflict} at its end.
  template <class F>
  auto nested(F work) -> std::invoke_result_t<F&, transaction&> {
    return run_nested(*this, std::move(work));
  }

  /// For many rows, the quickest way in: `table` and `columns` by their names, each quoted as an identifier.
  ///
  ///     auto out = tx.copy_in("measure", {"sensor", "value"});
  ///     for (const auto& each : found)
  ///       co_await out.row(each.sensor, each.value);
  ///     const auto count = co_await out.end();
  [[nodiscard]] copy_writer copy_in(std::string_view table, const std::vector<std::string>& columns) {
    return copy_writer{*this, table, columns};
  }

private:
  friend class copy_writer;
  friend class database;
  friend class detail::row_source;

  transaction(detail::host& owner, const detail::node_database* of) : statements(owner, {{}, 0, of}) {
    kept_ = &notices_;
  }
  explicit transaction(transaction* outer);

  task<void> begin(transaction_options how);
  task<void> begin_nested();
  /// Commits, or releases the savepoint.
  task<void> commit();
  task<void> commit_and_notify();
  /// Rolls back to the savepoint; throws nothing: where that fails, the outer one cannot be committed.
  task<void> undo();

  /// Whether nothing of it can ever take effect, and a further attempt may do better.
  [[nodiscard]] bool is_repeatable_after(const error& e) const noexcept;
  /// Before the attempt that follows as many failed ones.
  static task<void> pause(unsigned failed_attempts);

  template <class F>
  static auto run_to_commit(transaction& on, F& work) -> std::invoke_result_t<F&, transaction&> {
    using result = typename std::invoke_result_t<F&, transaction&>::value_type;
    if constexpr (std::is_void_v<result>) {
      co_await work(on);
      co_await on.commit();
    } else {
      auto value = co_await work(on);
      co_await on.commit();
      co_return value;
    }
  }

  template <class F>
  static auto run_nested(transaction& outer, F work) -> std::invoke_result_t<F&, transaction&> {
    transaction inner{&outer};
    co_await inner.begin_nested();
    std::exception_ptr failed;
    try {
      co_return co_await run_to_commit(inner, work);
    } catch (...) {
      failed = std::current_exception();
    }
    co_await inner.undo();
    std::rethrow_exception(failed);
  }

  template <class F>
  static auto run(detail::host& owner, const detail::node_database* of, transaction_options how, F work)
    -> std::invoke_result_t<F&, transaction&> {
    for (unsigned failed = 1;; ++failed) {
      {
        transaction tx{owner, of};
        try {
          co_await tx.begin(how);
          co_return co_await run_to_commit(tx, work);
        } catch (const error& e) {
          if (failed >= how.attempts || !tx.is_repeatable_after(e))
            throw;
        }
      } // its connection is for others from here on
      co_await pause(failed);
    }
  }

  transaction* outer_ = nullptr; // none: it holds the connection itself
  unsigned depth_ = 0;
  bool open_ = false;    // begun, and neither committed nor undone
  bool nesting_ = false; // a nested one is under way
  bool broken_ = false;  // may hold what should have been undone
  std::vector<notice> notices_; // told at the commit
};

/// A database of the node: `ctx.db()`, `ctx.db("reports")`. Cheap to make, valid as long as its context. What belongs to
/// one has nothing to do with another: connections, transactions, shared and coalesced reads.
class database : public statements {
public:
  explicit database(detail::host& owner) : statements(owner, {{}, 0, &owner.node().database}) {}
  /// Throws error{internal} when the node has none of this name.
  database(detail::host& owner, std::string_view name);

  /// For reads that many ask for at once: who asks for the same, statement and arguments, while one is under
  /// way gets the result of that. So it may have begun before the asker's last write. Of statements that change
  /// something error{internal}. With `storage.share_reads` off it is as without.
  [[nodiscard]] statements shared() const {
    auto out = *this;
    out.shared_ = true;
    return out;
  }

  /// For reads by one key each, which many handlers ask for at once: they become one statement for all keys. Its
  /// first argument is the key, and its text takes an array of them; `key_column` is the result's column with it:
  ///
  ///     auto user = co_await ctx.db().coalesce("id").one("SELECT id, name FROM users WHERE id = ANY($1)", id);
  ///
  /// (SQLite: WHERE id IN (SELECT value FROM json_each($1)).) Each gets the rows of its own key, in the order of the
  /// statement, and the errors that it would have got alone. So the text must give for many keys what it gives for
  /// each of them: no LIMIT, no count(*) over all. Keys are integers or text, other ones go alone; further arguments are
  /// the same for all who share a statement. What is asked for in one step of a loop goes out at its end; while that
  /// is under way, what comes gathers for the next one. It may change nothing: error{internal}. With
  /// `storage.share_reads` off each key goes alone.
  [[nodiscard]] statements coalesce(std::string key_column) const {
    auto out = *this;
    out.key_column_ = std::move(key_column);
    return out;
  }

  /// What a statement that only reads gives, as CSV: the quickest way out for many rows. See `copy_reader`.
  template <class... Args>
  [[nodiscard]] copy_reader copy_out(std::string_view sql, const Args&... args) const {
    return copy_reader{*host_, held_, bind(sql, args...)};
  }

  /// Receives what is notified on the channel (actors/listener.hpp): all that is committed after this has returned.
  /// error{invalid_argument} as `notify`, error{unavailable} when the server cannot be reached within the acquire
  /// timeout, or refuses.
  [[nodiscard]] task<listener> listen(std::string_view channel) const {
    return run_listen(*host_, held_, std::string{channel});
  }

  /// Runs `work(transaction&)`, a coroutine, on one connection: commits when it has returned,
  /// rolls back when it throws or is destroyed. Gives what `work` gives. Statements of the
  /// transaction are those of its argument: what goes through `ctx.db()` meanwhile runs on another
  /// connection, and waits for this one where it needs the same rows, or the last free connection.
  ///
  /// When the connection is lost during the commit, `outcome_unknown`: it is not repeated, whatever the options
  /// say. When it is lost before, `unavailable`, and nothing of it is left.
  template <class F>
  auto transact(F work) -> std::invoke_result_t<F&, troupe::transaction&> {
    return troupe::transaction::run(*host_, held_.of, {}, std::move(work));
  }
  template <class F>
  auto transact(transaction_options how, F work) -> std::invoke_result_t<F&, troupe::transaction&> {
    return troupe::transaction::run(*host_, held_.of, how, std::move(work));
  }

  /// The same: `ctx.db().transaction(isolation::serializable, work)`.
  template <class F>
  auto transaction(isolation level, F work) -> std::invoke_result_t<F&, troupe::transaction&> {
    return transact({.level = level}, std::move(work));
  }
  template <class F>
  auto transaction(transaction_options how, F work) -> std::invoke_result_t<F&, troupe::transaction&> {
    return transact(how, std::move(work));
  }

private:
  static task<listener> run_listen(detail::host& owner, detail::held_connection on, std::string channel);
};

} // namespace troupe
