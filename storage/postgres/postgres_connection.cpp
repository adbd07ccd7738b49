#include "storage/postgres/postgres_connection.hpp"

#include "storage/detail/begin_mode.hpp"
#include "storage/detail/prepared_cache.hpp"
#include "storage/detail/sql_text.hpp"
#include "storage/postgres/copy_in.hpp"
#include "storage/postgres/cursors.hpp"
#include "storage/postgres/detail/pqxx_compat.hpp"
#include "storage/postgres/libpq.hpp"
#include "storage/postgres/pipeline.hpp"
#include "storage/postgres/sqlstate.hpp"
#include "storage/postgres/values.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::storage::postgres {

namespace {


class postgres_connection final : public connection {
public:
  postgres_connection(const std::string& url, const time_limits& limits)
    : raw_(connect_session(url, limits)), session_(adopt(raw_)), cancel_(PQgetCancel(raw_), PQfreeCancel),
      socket_(dup(PQsocket(raw_))), cache_(prepared_statements) {
    log_notices(raw_); // libpqxx has set its own
  }

  ~postgres_connection() override {
    if (socket_ >= 0)
      close(socket_);
  }

  sql_result execute(const sql_statement& statement) override {
    check_statement(statement);
    require_session();
    const encoded_parameters parameters{statement.parameters};
    const auto begin = mode_of_begin(statement.sql);
    const before now{in_transaction(), PQtransactionStatus(raw_) == PQTRANS_INERROR, begin.has_value()};
    if (!now.in_transaction)
      in_read_only_ = begin && begin->read_only;
    if (auto* known = cache_.find(statement.sql)) {
      try {
        return run(*known, parameters, now);
      } catch (const stale_plan& stale) {
        forget(statement.sql);
        if (now.in_transaction)
          throw statement_error{errc::unavailable, "the database's tables have just changed",
                                stale.what()};
      } catch (const statement_error& e) {
        forget_after(e.code(), statement.sql);
        throw;
      }
    }
    auto& fresh = prepare(statement.sql);
    try {
      return run(fresh, parameters, now);
    } catch (const stale_plan& not_stale) {
      throw statement_error{errc::internal, meaning_of({}).detail, not_stale.what()};
    }
  }

  sql_result open_cursor(const sql_statement& statement) override {
    check_cursor(statement);
    require_session();
    const encoded_parameters parameters{statement.parameters};
    return in_steps([&] {
      return to_sql_result(cursors_.open(statement.sql, parameters.texts(), statement.steps).get());
    });
  }

  sql_result fetch(const sql_steps& which) override {
    require_session();
    return in_steps([&] { return to_sql_result(cursors_.fetch(which).get()); });
  }

  void close_cursor(const sql_steps& which) override {
    require_session();
    in_steps([&] {
      cursors_.close(which);
      return sql_result{};
    });
  }

  sql_result copy_in(const sql_statement& rows) override {
    check_copy(rows);
    require_session();
    return in_steps([&] {
      sql_result out;
      out.affected_rows = postgres::copy_in(raw_, rows);
      return out;
    });
  }

  std::optional<std::chrono::nanoseconds> expected_time(const std::string& sql) override {
    const auto* known = cache_.find(sql);
    if (known == nullptr || (known->verb != sql_verb::reads && known->verb != sql_verb::changes_rows))
      return std::nullopt;
    return known->takes;
  }

  void execute_all(statement_feed& feed) noexcept override {
    batch of{*this, feed};
    const auto begun = clock::now();
    const auto outcomes = run_pipeline(raw_, of);
    const auto each = (clock::now() - begun) / std::max<std::size_t>(outcomes.size(), 1);
    for (std::size_t i = 0; i < outcomes.size(); ++i)
      if (outcomes[i].how == pipeline_outcome::state::done)
        note_time_of(of.statement(i).sql, each);
      else
        finish_undone(of, i, outcomes[i]);
    of.finish_those_left();
  }

  void run_script(const std::string& sql) override {
    require_session();
    postgres::run_script(raw_, sql);
  }

  bool healthy() noexcept override {
    const bool is_between_statements =
      PQpipelineStatus(raw_) == PQ_PIPELINE_OFF && PQtransactionStatus(raw_) != PQTRANS_ACTIVE;
    return is_alive(raw_) && is_between_statements;
  }

  bool in_transaction() noexcept override {
    const auto state = PQtransactionStatus(raw_);
    return state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
  }

  void reset() override {
    require_session();
    if (in_transaction())
      execute({"ROLLBACK", {}});
    cursors_.forget();
  }

  void interrupt() noexcept override { shutdown(socket_, SHUT_RDWR); }

  std::function<void()> canceller() const override {
    if (!cancel_)
      return {};
    return [how = cancel_] {
      std::array<char, 256> why{};
      static_cast<void>(PQcancel(how.get(), why.data(), static_cast<int>(why.size())));
    };
  }

  backend kind() const noexcept override { return backend::postgres; }

private:
  using clock = std::chrono::steady_clock;

  struct prepared {
    std::string name;
    sql_verb verb;
    clock::duration takes{0}; // the last runs, on average
  };

  /// Statements that are run at once.
  class batch final : public pipeline_feed {
  public:
    batch(postgres_connection& on, statement_feed& feed) : on_(on), feed_(feed) {}

    void append_to(std::vector<pipelined>& what) noexcept override {
      for (const auto* each : feed_.next()) {
        if (auto fit = on_.pipelined_of(*each, parameters_)) {
          places_.push_back(all_.size());
          what.push_back(*std::move(fit));
          by_itself_.push_back(what.back().by_itself);
        } else {
          left_.push_back(all_.size());
        }
        all_.push_back(each);
      }
    }

    void done(std::size_t sent, result_ptr&& result) noexcept override {
      try {
        auto out = to_sql_result(result.get());
        if (by_itself_[sent])
          out.affected_rows = std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
        finish(sent, std::move(out));
      } catch (...) {
        finish(sent, std::current_exception());
      }
    }

    /// Of those sent.
    [[nodiscard]] const sql_statement& statement(std::size_t sent) const noexcept { return *all_[places_[sent]]; }
    void finish(std::size_t sent, outcome&& what) noexcept { feed_.done(places_[sent], std::move(what)); }
    /// What could not be sent with others.
    void finish_those_left() noexcept {
      for (const auto place : left_)
        feed_.done(place, on_.execute_alone(*all_[place]));
    }

  private:
    postgres_connection& on_;
    statement_feed& feed_;
    std::vector<const sql_statement*> all_;
    std::vector<std::size_t> places_; // of what is sent, among all
    std::vector<bool> by_itself_;     // what is sent
    std::vector<std::size_t> left_;
    std::deque<encoded_parameters> parameters_;
  };

  /// The state of the session in front of a statement, and whether that is a BEGIN.
  struct before {
    bool in_transaction;
    bool in_failed_transaction;
    bool begins;
  };

  /// When the session is lost while it runs: what was begun and not committed is rolled back. A SELECT may call a
  /// function that changes something.
  static bool may_have_taken_effect(sql_verb verb, before then) noexcept {
    if (then.in_transaction)
      return verb == sql_verb::commit && !then.in_failed_transaction;
    return !then.begins;
  }

  /// Refused before it ran: the tables have changed since it was prepared, or the server forgot it.
  struct stale_plan : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  void require_session() {
    if (PQstatus(raw_) != CONNECTION_OK)
      throw statement_error{errc::unavailable, meaning_of("08006").detail, "the connection is gone"};
  }

  template <class F>
  sql_result in_steps(F work) {
    try {
      return work();
    } catch (const refusal& e) {
      if (PQstatus(raw_) != CONNECTION_OK)
        throw statement_error{errc::unavailable, meaning_of("08006").detail, e.what()};
      const auto what = meaning_of(e.state(), in_read_only_);
      throw statement_error{what.code, std::string{what.detail} + e.place(), e.state() + ' ' + e.what()};
    }
  }

  /// None: it cannot be sent with others. `parameters` keeps its texts.
  std::optional<pipelined> pipelined_of(const sql_statement& statement,
                                        std::deque<encoded_parameters>& parameters) noexcept {
    try {
      const auto* known = cache_.find(statement.sql);
      if (known == nullptr)
        return std::nullopt;
      check_statement(statement);
      const auto& texts = parameters.emplace_back(statement.parameters).texts();
      return pipelined{known->name, texts.data(), texts.size(), known->verb != sql_verb::reads};
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

  void finish_undone(batch& of, std::size_t sent, const pipeline_outcome& what) noexcept {
    const auto& statement = of.statement(sent);
    if (what.how == pipeline_outcome::state::unknown)
      return of.finish(sent, std::make_exception_ptr(unknown_outcome()));
    if (what.how == pipeline_outcome::state::failed && !is_stale(state_of(what.result.get())))
      return of.finish(sent, std::make_exception_ptr(refusal_of(statement, what.result.get())));
    of.finish(sent, execute_alone(statement)); // nothing of it is left
  }

  void note_time_of(const std::string& sql, clock::duration took) noexcept {
    if (auto* known = cache_.find(sql))
      note_time(*known, took);
  }

  statement_error refusal_of(const sql_statement& statement, const PGresult* why) {
    const auto state = state_of(why);
    const auto what = meaning_of(state);
    forget_after(what.code, statement.sql);
    return {what.code, what.detail, state + ' ' + one_line(PQresultErrorMessage(why))};
  }

  statement_error unknown_outcome() {
    const auto what = meaning_of("08007");
    return {what.code, what.detail, one_line(PQerrorMessage(raw_))};
  }

  static std::string state_of(const PGresult* refused) {
    const auto* state = PQresultErrorField(refused, PG_DIAG_SQLSTATE);
    return state != nullptr ? state : "";
  }

  static bool is_stale(const std::string& state) { return state == "26000" || state == "0A000"; }

  outcome execute_alone(const sql_statement& statement) noexcept {
    try {
      return execute(statement);
    } catch (...) {
      return std::current_exception();
    }
  }

  static void note_time(prepared& of, clock::duration took) noexcept {
    of.takes += of.takes == clock::duration{0} ? took : (took - of.takes) / 8;
  }

  prepared& prepare(const std::string& sql) {
    const auto verb = verb_of(sql);
    if (verb == sql_verb::copy)
      throw statement_error{errc::internal, meaning_of({}).detail, "COPY is not possible here"};
    if (cache_.full())
      forgotten_.push_back(cache_.pop_oldest().name);
    unprepare_forgotten();
    prepared made{"troupe_" + std::to_string(++names_given_), verb};
    try {
      postgres::prepare(*session_, made.name, sql);
    } catch (const std::exception& e) {
      rethrow(e);
    }
    return cache_.insert(sql, std::move(made));
  }

  /// The types of parameters are those of the day when it was prepared; columns may have changed theirs
  /// since, and the next run is to notice.
  void forget_after(errc failed, const std::string& sql) {
    if ((failed == errc::unprocessable || failed == errc::internal) && cache_.find(sql) != nullptr)
      forget(sql);
  }

  void forget(const std::string& sql) {
    forgotten_.push_back(cache_.find(sql)->name);
    cache_.erase(sql);
  }

  void unprepare_forgotten() {
    // A failed transaction would refuse even that.
    while (!forgotten_.empty() && PQtransactionStatus(raw_) != PQTRANS_INERROR) {
      try {
        session_->unprepare(forgotten_.back());
      } catch (const std::exception& e) {
        const bool gone_already = sqlstate_of(e) == "26000";
        if (!gone_already)
          rethrow(e);
      }
      forgotten_.pop_back();
    }
  }

  sql_result run(prepared& what, const encoded_parameters& parameters, before then) {
    const auto begun = clock::now();
    try {
      if (what.verb == sql_verb::commit && !is_alive(raw_)) // it never gets there
        throw statement_error{errc::unavailable, meaning_of("08006").detail, "the session was closed before the COMMIT"};
      pqxx::nontransaction transaction{*session_};
      const auto result = exec_prepared(transaction, what.name, parameters.texts());
      auto out = to_sql_result(result);
      if (what.verb == sql_verb::changes_rows)
        out.affected_rows = static_cast<std::int64_t>(result.affected_rows());
      if (what.verb == sql_verb::commit && then.in_failed_transaction) // the server rolls back and calls it done
        throw statement_error{errc::conflict, "the transaction had failed and was rolled back",
                              "COMMIT of a failed transaction"};
      note_time(what, clock::now() - begun);
      return out;
    } catch (const statement_error&) {
      throw;
    } catch (const std::exception& e) {
      if (PQstatus(raw_) != CONNECTION_OK && may_have_taken_effect(what.verb, then))
        throw unknown_outcome();
      const auto state = sqlstate_of(e);
      if (is_stale(state))
        throw stale_plan{state + ' ' + one_line(e.what())};
      rethrow(e);
    }
  }

  [[noreturn]] void rethrow(const std::exception& e) {
    if (PQstatus(raw_) != CONNECTION_OK)
      throw statement_error{errc::unavailable, meaning_of("08006").detail,
                            one_line(PQerrorMessage(raw_))};
    const auto state = sqlstate_of(e);
    const auto what = meaning_of(state, in_read_only_);
    throw statement_error{what.code, what.detail, state + ' ' + one_line(e.what())};
  }

  PGconn* raw_; // the session's own
  std::unique_ptr<session> session_;
  std::shared_ptr<PGcancel> cancel_; // null: out of memory
  int socket_; // for interrupt: libpq may close its own at any time
  prepared_cache<prepared> cache_;
  std::vector<std::string> forgotten_; // still prepared at the server
  std::uint64_t names_given_ = 0;
  bool in_read_only_ = false; // the transaction that is open, if any, was begun so
  cursors cursors_{raw_};
};

} // namespace

std::unique_ptr<connection> open(const std::string& url, const time_limits& limits) {
  return std::make_unique<postgres_connection>(url, limits);
}

} // namespace troupe::storage::postgres

#if PQXX_VERSION_MAJOR < 7 && defined(__has_feature)
#if __has_feature(address_sanitizer)
// libpqxx 6.4 forgets the result of a statement during which the connection broke: it asks for the
// connection's encoding, which throws, before it takes the result over.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6\n";
}
#endif
#endif
