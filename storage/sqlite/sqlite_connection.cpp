#include "storage/sqlite/sqlite_connection.hpp"

#include "storage/detail/begin_mode.hpp"
#include "storage/detail/csv.hpp"
#include "storage/detail/prepared_cache.hpp"
#include "storage/detail/sql_text.hpp"
#include "storage/sqlite/notice_board.hpp"
#include "storage/sqlite/result_code.hpp"
#include "storage/sqlite/sqlite_statement.hpp"
#include "storage/sqlite/writer_gate.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

namespace troupe::storage::sqlite {

namespace {

/// How long a statement waits for another writer, in this process or in another one.
constexpr std::chrono::milliseconds lock_patience{5'000};

/// Of SQLite's virtual machine: some tens of microseconds.
constexpr int steps_between_looks = 10'000;

/// Of a copy, at a time.
constexpr std::size_t rows_looked_at = 16;
constexpr std::chrono::milliseconds patience_for_a_piece{20};

constexpr std::string_view trailing_statement = "one statement at a time: text after the first ';'";

constexpr std::string_view refused = "the database refused the statement";

/// "COPY "t" ("a", "b")" as a statement for one row.
std::string insert_for(const sql_statement& rows) {
  std::string out = "INSERT INTO" + rows.sql.substr(std::string_view{"COPY"}.size()) + " VALUES (";
  for (std::size_t i = 1; i <= rows.steps.columns; ++i)
    out += (i == 1 ? "$" : ", $") + std::to_string(i);
  return out + ')';
}

enum class access : std::uint8_t { reads_and_writes, reads };

/// Also for who only reads: a read-only session on a database in WAL mode would leave files behind.
int open_flags(access how) {
  return SQLite::OPEN_READWRITE | (how == access::reads ? 0 : SQLite::OPEN_CREATE);
}

/// What another thread needs to end a statement, also when the session may be closing.
class interruption {
public:
  interruption(sqlite3* session, std::shared_ptr<writer_gate> gate) : session_(session), gate_(std::move(gate)) {}

  void cancel() {
    {
      const std::lock_guard lock{mutex_};
      if (session_ == nullptr)
        return;
      cancelled_ = true;
      sqlite3_interrupt(session_);
    }
    gate_->look_again();
  }
  void close() {
    const std::lock_guard lock{mutex_};
    session_ = nullptr;
  }

  /// What runs was, or has taken too long. Kept by the session's own thread.
  void note(bool cancelled) noexcept { cancelled_ = cancelled; }
  [[nodiscard]] bool take() noexcept { return cancelled_.exchange(false); }
  [[nodiscard]] const std::atomic<bool>& cancelled() const noexcept { return cancelled_; }

private:
  std::mutex mutex_; // why a lock: SQLite wants a session that is open, and sessions close in other threads
  sqlite3* session_;
  std::shared_ptr<writer_gate> gate_;
  std::atomic<bool> cancelled_ = false;
};

class sqlite_connection final : public connection {
public:
  sqlite_connection(const std::string& path, access how, std::chrono::milliseconds statement_timeout)
    : access_(how), statement_timeout_(statement_timeout),
      db_(path, open_flags(how)), gate_(writer_gate::of(path)),
      interruption_(std::make_shared<interruption>(db_.getHandle(), gate_)),
      board_(notice_board::of(path)), cache_(prepared_statements) {
    sqlite3_extended_result_codes(db_.getHandle(), 1);
    sqlite3_busy_handler(db_.getHandle(), wait_for_others, this);
    if (statement_timeout_.count() > 0)
      sqlite3_progress_handler(db_.getHandle(), steps_between_looks, took_too_long, this);
    if (how == access::reads) {
      db_.exec("PRAGMA query_only=ON");
    } else {
      enter_wal();
      db_.exec("PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON");
    }
    // A file that is no database is noticed by its first real read only.
    db_.exec("SELECT count(*) FROM sqlite_schema");
  }

  ~sqlite_connection() override {
    interruption_->close();
    if (writing_)
      gate_->leave();
  }

  sql_result execute(const sql_statement& statement) override {
    check_statement(statement);
    if (rolled_back_)
      return execute_after_rollback(statement);
    if (!in_transaction())
      in_read_only_ = begins_read_only(statement.sql);
    return limited([&] {
      if (const auto text = text_with_trace(statement)) {
        auto once = prepare_anew(*text);
        return run(once, statement.parameters);
      }
      auto& prepared = prepare(statement.sql);
      return prepared.empty() ? sql_result{} : run(prepared, statement.parameters);
    });
  }

  sql_result open_cursor(const sql_statement& statement) override {
    check_cursor(statement);
    if (rolled_back_)
      return execute_after_rollback(statement);
    return limited([&] {
      cursor opened{prepare_anew(statement.sql), statement.parameters,
                    statement.steps.as == sql_steps::form::csv_with_header};
      if (opened.statement.writes())
        throw statement_error{errc::internal, refused, "only what reads can be read in steps"};
      auto& kept = cursors_.insert_or_assign(statement.steps.cursor, std::move(opened)).first->second;
      kept.statement.begin(kept.parameters);
      return next_rows(statement.steps);
    });
  }

  sql_result fetch(const sql_steps& which) override {
    if (rolled_back_)
      return execute_after_rollback({});
    return limited([&] { return next_rows(which); });
  }

  void close_cursor(const sql_steps& which) override { cursors_.erase(which.cursor); }

  sql_result copy_in(const sql_statement& rows) override {
    check_copy(rows);
    if (rolled_back_)
      return execute_after_rollback(rows);
    return limited([&] { return insert(rows); });
  }

  sql_result commit_and_notify(const sql_statement& commit) override {
    told_at_commit_ = commit.parameters;
    try {
      auto out = execute({commit.sql, {}});
      told_at_commit_ = {};
      return out;
    } catch (...) {
      told_at_commit_ = {};
      throw;
    }
  }

  void run_script(const std::string& sql) override {
    in_read_only_ = in_read_only_ && in_transaction();
    std::string_view rest = sql;
    while (!rest.empty()) {
      const auto at = static_cast<std::size_t>(rest.data() - sql.data());
      run_script_statement(sql, at, rest);
    }
  }

  bool healthy() noexcept override { return true; }

  bool in_transaction() noexcept override {
    return sqlite3_get_autocommit(db_.getHandle()) == 0;
  }

  void reset() override {
    rolled_back_ = false;
    cursors_.clear();
    if (in_transaction())
      execute({"ROLLBACK", {}});
  }

  void interrupt() noexcept override { sqlite3_interrupt(db_.getHandle()); }

  std::function<void()> canceller() const override {
    return [of = interruption_] { of->cancel(); };
  }

  backend kind() const noexcept override { return backend::sqlite; }

private:
  using clock = std::chrono::steady_clock;

  struct cursor {
    sqlite_statement statement;
    std::vector<sql_value> parameters; // the statement refers to them
    bool header_is_due = false;
    bool ended = false; // of a text that is still to be told so
  };

  /// Within the time that a statement has, and until it is cancelled.
  template <class F>
  sql_result limited(F work) {
    begin_statement(statement_timeout_);
    try {
      return work();
    } catch (const statement_error& e) {
      const bool was_interrupted = !gave_up_waiting_ && sqlite3_errcode(db_.getHandle()) == SQLITE_INTERRUPT;
      if (was_interrupted)
        cursors_.clear(); // as long as one of them is open, SQLite interrupts all that runs
      if (interruption_->take() && (was_interrupted || gave_up_waiting_))
        throw statement_error{errc::deadline_exceeded, "the statement took too long", e.internal()};
      throw;
    }
  }

  /// `limit`: how long it may run; 0: as long as it takes.
  void begin_statement(std::chrono::milliseconds limit) {
    const auto now = clock::now();
    statement_until_ = limit.count() > 0 ? now + limit : clock::time_point::max();
    waits_until_ = std::min(statement_until_, now + lock_patience);
    gave_up_waiting_ = false;
    if (interruption_->take()) // it meant one that has ended; but SQLite interrupts all as long as one of these is open
      cursors_.clear();
  }

  sql_result next_rows(const sql_steps& which) {
    const auto found = cursors_.find(which.cursor);
    if (found == cursors_.end())
      throw statement_error{errc::conflict, "a statement of the transaction was cancelled, and its rows with it",
                            "no such cursor"};
    const bool was_in_transaction = in_transaction();
    try {
      auto out = which.as == sql_steps::form::rows ? found->second.statement.next(which.rows)
                                                   : csv_answer(next_piece(found->second));
      if (out.row_count() < which.rows)
        cursors_.erase(found);
      return out;
    } catch (...) {
      cursors_.erase(found);
      note_rollback(was_in_transaction);
      throw;
    }
  }

  /// Empty at the end.
  static std::string next_piece(cursor& of) {
    std::string out;
    const auto until = clock::now() + patience_for_a_piece;
    while (!of.ended && out.size() < csv_piece && (out.empty() || clock::now() < until)) {
      const auto some = of.statement.next(rows_looked_at);
      if (std::exchange(of.header_is_due, false))
        append_csv_line(out, std::vector<sql_value>{some.columns.begin(), some.columns.end()});
      const auto width = some.columns.size();
      for (std::size_t at = 0; at < some.cells.size(); at += width)
        append_csv_line(out, std::span{some.cells}.subspan(at, width));
      of.ended = some.row_count() < rows_looked_at;
    }
    return out;
  }

  /// A row each: SQLite has nothing that would be quicker.
  sql_result insert(const sql_statement& rows) {
    const auto columns = rows.steps.columns;
    auto& prepared = prepare(insert_for(rows));
    require_writable(prepared); // no row is to be blamed for it
    sql_result out;
    for (std::size_t at = 0; at < rows.parameters.size(); at += columns) {
      const auto number = std::to_string(rows.steps.rows + at / columns + 1);
      try {
        out.affected_rows += run(prepared, std::span{rows.parameters}.subspan(at, columns)).affected_rows;
      } catch (const statement_error& e) {
        throw statement_error{e.code(), std::string{e.what()} + ", in row " + number, e.internal()};
      } catch (const error& e) {
        throw error{e.code(), "row " + number + ": " + e.what()};
      }
    }
    return out;
  }

  /// SQLite asks from time to time whether to go on.
  static int took_too_long(void* self) {
    auto& at = *static_cast<sqlite_connection*>(self);
    if (clock::now() < at.statement_until_)
      return 0;
    at.interruption_->note(true);
    return 1;
  }

  /// Another process writes; `times` it has been asked before. As SQLite's own, but for the end.
  static int wait_for_others(void* self, int times) {
    constexpr std::array milliseconds{1, 2, 5, 10, 15, 20, 25};
    auto& at = *static_cast<sqlite_connection*>(self);
    if (at.has_waited_long_enough())
      return 0;
    const auto which = std::min(static_cast<std::size_t>(times), milliseconds.size() - 1);
    std::this_thread::sleep_for(std::chrono::milliseconds{milliseconds[which]});
    return 1;
  }

  /// For another one that writes, or nobody waits for this one any more.
  bool has_waited_long_enough() noexcept {
    const auto now = clock::now();
    if (now < waits_until_ && !interruption_->cancelled())
      return false;
    gave_up_waiting_ = true;
    if (now >= statement_until_)
      interruption_->note(true);
    return true;
  }

  /// SQLite's own patience does not cover this change: beside another process that makes it too, it
  /// fails at once.
  void enter_wal() {
    const auto until = std::chrono::steady_clock::now() + lock_patience;
    for (;;) {
      try {
        db_.exec("PRAGMA journal_mode=WAL");
        return;
      } catch (const SQLite::Exception& e) {
        const bool busy = (e.getErrorCode() & 0xff) == SQLITE_BUSY; // or one of its refinements
        if (!busy || std::chrono::steady_clock::now() > until)
          throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  }

  sqlite_statement& prepare(const std::string& sql) {
    if (auto* known = cache_.find(sql))
      return *known;
    auto prepared = prepare_anew(sql);
    if (cache_.full())
      cache_.pop_oldest();
    return cache_.insert(sql, std::move(prepared));
  }

  sqlite_statement prepare_anew(const std::string& sql) {
    std::string_view rest = sql;
    if (const auto mode = mode_of_begin(sql)) // SQLite knows neither levels nor READ ONLY
      rest = mode->read_only || access_ == access::reads ? "BEGIN DEFERRED" : "BEGIN IMMEDIATE";
    sqlite_statement prepared{db_.getHandle(), rest};
    if (sql_tokens tail{rest}; !tail.next().empty())
      throw statement_error{errc::internal, refused, std::string{trailing_statement}};
    return prepared;
  }

  sql_result run(sqlite_statement& prepared, std::span<const sql_value> parameters) {
    require_writable(prepared);
    enter_gate(prepared);
    const bool was_in_transaction = in_transaction();
    try {
      auto out = prepared.run(parameters);
      if (!told_at_commit_.empty())
        board_->tell(told_at_commit_); // inside the gate: in the order of the commits
      leave_gate();
      return out;
    } catch (...) {
      note_rollback(was_in_transaction);
      throw;
    }
  }

  /// After a failure. A full disk, or ON CONFLICT ROLLBACK: what came now would stand by itself.
  void note_rollback(bool was_in_transaction) noexcept {
    rolled_back_ = was_in_transaction && !in_transaction();
    leave_gate();
  }

  void require_writable(const sqlite_statement& prepared) const {
    if (access_ == access::reads && prepared.writes())
      throw statement_error{errc::internal, "the database is read only", "a statement that writes"};
    if (in_read_only_ && prepared.writes())
      throw statement_error{errc::internal, "the transaction is read only",
                            "a statement that writes in a read-only transaction"};
  }

  /// SQLite has ended the transaction by itself: until its owner has, too, nothing may run.
  sql_result execute_after_rollback(const sql_statement& statement) {
    const auto verb = verb_of(statement.sql);
    rolled_back_ = verb != sql_verb::commit && verb != sql_verb::rollback;
    if (verb == sql_verb::rollback)
      return {};
    throw statement_error{errc::conflict, "the transaction had failed and was rolled back",
                          "SQLite has rolled it back by itself"};
  }

  void enter_gate(const sqlite_statement& prepared) {
    if (writing_ || !prepared.writes())
      return;
    if (!gate_->enter(waits_until_, interruption_->cancelled())) {
      static_cast<void>(has_waited_long_enough());
      throw statement_error{errc::unavailable, meaning_of(SQLITE_BUSY).detail,
                            "another connection was writing all the time"};
    }
    writing_ = true;
  }

  void leave_gate() noexcept {
    if (!writing_ || in_transaction())
      return;
    writing_ = false;
    gate_->leave();
  }

  void run_script_statement(const std::string& sql, std::size_t at, std::string_view& rest) {
    begin_statement({});
    try {
      sqlite_statement prepared{db_.getHandle(), rest};
      if (!prepared.empty())
        run(prepared, {});
    } catch (const statement_error& e) {
      throw statement_error{e.code(), e.what(),
                            "line " + std::to_string(line_of_error(sql, at)) + ": " + e.internal()};
    }
  }

  /// The line of the token that SQLite complains about, else of the statement's first one.
  std::size_t line_of_error(const std::string& sql, std::size_t statement_at) {
    const std::string_view statement = std::string_view{sql}.substr(statement_at);
    const auto offset = sqlite3_error_offset(db_.getHandle());
    const auto place = offset >= 0 ? static_cast<std::size_t>(offset)
                                   : static_cast<std::size_t>(
                                       sql_tokens{statement}.next().data() - statement.data());
    const auto end = sql.begin() + static_cast<std::ptrdiff_t>(statement_at + place);
    return 1 + static_cast<std::size_t>(std::count(sql.begin(), end, '\n'));
  }

  access access_;
  std::chrono::milliseconds statement_timeout_;
  clock::time_point statement_until_ = clock::time_point::max();
  clock::time_point waits_until_ = clock::now() + lock_patience;  // for others that write
  bool gave_up_waiting_ = false;                                  // for them, this statement
  SQLite::Database db_;
  std::shared_ptr<writer_gate> gate_;
  std::shared_ptr<interruption> interruption_;
  std::shared_ptr<notice_board> board_;
  std::span<const sql_value> told_at_commit_;
  bool writing_ = false;     // inside the gate
  bool rolled_back_ = false; // by SQLite, not by the transaction's owner
  bool in_read_only_ = false; // the transaction that is open, if any, was begun so
  prepared_cache<sqlite_statement> cache_; // finalized before the database closes
  std::map<std::uint64_t, cursor> cursors_; // by the askers' numbers; finalized, too
};

namespace fs = std::filesystem;

bool folder_exists(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(fs::absolute(path, ignored).parent_path(), ignored);
}

/// A sentence for what SQLite calls "unable to open database file" in all cases.
std::string reason_for(const std::string& path, const std::string& sqlite_says) {
  std::error_code ignored;
  if (!folder_exists(path))
    return "the folder " + fs::absolute(path, ignored).parent_path().string() + " does not exist";
  if (fs::is_directory(path, ignored))
    return "it is a folder";
  return sqlite_says;
}

std::unique_ptr<connection> open_as(const std::string& path, access how,
                                    std::chrono::milliseconds statement_timeout) {
  try {
    return std::make_unique<sqlite_connection>(path, how, statement_timeout);
  } catch (const SQLite::Exception& e) {
    throw statement_error{errc::unavailable, "the database is not available",
                          "SQLite file " + path + ": " + reason_for(path, e.what())};
  }
}

} // namespace

std::string path_of(std::string_view url) {
  auto path = url.substr(std::string_view{"sqlite:"}.size());
  if (path.starts_with("//"))
    path.remove_prefix(2);
  if (path.empty() || path == ":memory:")
    throw error{errc::invalid_argument, "storage URL \"" + std::string{url}
                                          + "\": expected the path of a file, as sqlite:troupe.db"};
  return std::string{path};
}

std::unique_ptr<connection> open(const std::string& path, std::chrono::milliseconds statement_timeout) {
  return open_as(path, access::reads_and_writes, statement_timeout);
}

std::unique_ptr<connection> open_to_read(const std::string& path, std::chrono::milliseconds statement_timeout) {
  std::error_code ignored;
  if (!fs::exists(path, ignored) && folder_exists(path))
    return nullptr;
  return open_as(path, access::reads, statement_timeout);
}

} // namespace troupe::storage::sqlite
