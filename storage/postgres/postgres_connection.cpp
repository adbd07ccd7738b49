#include "storage/postgres/postgres_connection.hpp"

#include "actors/messages/sql_key.hpp"
#include "storage/detail/begin_mode.hpp"
#include "storage/detail/csv.hpp"
#include "storage/detail/prepared_cache.hpp"
#include "storage/detail/sql_text.hpp"
#include "storage/postgres/copy_in.hpp"
#include "storage/postgres/copy_out.hpp"
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

constexpr const char* query_canceled = "57014";

bool has_many_keys(const sql_statement& read) noexcept {
  const auto* const keys = read.parameters.empty() ? nullptr : std::get_if<sql_array>(&read.parameters.front());
  return keys != nullptr && keys->elements.size() >= many_keys;
}

class postgres_connection final : public connection {
public:
  postgres_connection(const std::string& url, const session_options& options)
    : options_(options), raw_(connect_session(url, options)), session_(adopt(raw_)), cancel_(PQgetCancel(raw_), PQfreeCancel),
      socket_(dup(PQsocket(raw_))), cache_(prepared_statements), copy_out_(raw_, options.statement) {
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
    altered_ = altered_ || changes_session(statement.sql);
    if (const auto text = text_with_trace(statement))
      return run_once(*text, parameters, now);
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
      if (statement.steps.as != sql_steps::form::rows) {
        copy_out_.begin(statement.sql, parameters.texts(), statement.steps.as == sql_steps::form::csv_with_header);
        return csv_answer(copy_out_.next());
      }
      return to_sql_result(cursors_.open(statement.sql, parameters.texts(), statement.steps).get());
    });
  }

  sql_result fetch(const sql_steps& which) override {
    require_session();
    return in_steps([&] {
      return which.as == sql_steps::form::rows ? to_sql_result(cursors_.fetch(which).get())
                                               : csv_answer(copy_out_.next());
    });
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

  std::optional<timing> expected_time(const std::string& sql) override {
    const auto* known = cache_.find(sql);
    if (known == nullptr || known->gives_much
        || (known->verb != sql_verb::reads && known->verb != sql_verb::changes_rows))
      return std::nullopt;
    return known->takes;
  }

  std::optional<std::size_t> sessions_allowed() override {
    const auto answer = run_until(raw_,
                                  "SELECT current_setting('max_connections')::int - "
                                  "current_setting('superuser_reserved_connections')::int",
                                  clock::now() + options_.connecting);
    const auto count = std::strtol(PQgetvalue(answer.get(), 0, 0), nullptr, 10);
    return count > 0 ? std::optional{static_cast<std::size_t>(count)} : std::nullopt;
  }

  std::unique_ptr<statement_pipe> open_pipe() override {
    if (!is_alive(raw_) || PQgssEncInUse(raw_) != 0) // bytes that GSSAPI has decrypted show nowhere
      return nullptr;
    auto made = std::make_unique<pipe>(*this);
    return made->entered() ? std::move(made) : nullptr;
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

  bool is_midway() noexcept override { return copy_out_.under_way() && PQstatus(raw_) == CONNECTION_OK; }

  bool in_transaction() noexcept override {
    const auto state = PQtransactionStatus(raw_);
    return state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
  }

  void restore_settings() override {
    require_session();
    postgres::restore_settings(raw_, options_);
    altered_ = false;
  }

  bool altered() noexcept override { return altered_; }

  void reset() override {
    require_session();
    if (in_transaction())
      run_until(raw_, "ROLLBACK", clock::now() + options_.connecting);
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
    bool stands_apart = false; // a read that may do something to its transaction, or notify, which counts once in each
    timing takes{}; // the last runs
    bool gives_much = false;  // the last time
  };

  /// What comes out of a pipe is made into a result by an event loop, which has other things to do.
  static constexpr std::size_t most_cells_in_a_pipe = 2'000;

  /// See open_pipe.
  class pipe final : public statement_pipe, pipeline::receiver {
  public:
    explicit pipe(postgres_connection& on) noexcept : on_(on), pipeline_(on.raw_) {}

    [[nodiscard]] bool entered() const noexcept { return pipeline_.entered(); }
    int socket() const noexcept override { return PQsocket(on_.raw_); }
    bool commits() const noexcept override { return pipeline_.commits(); }
    bool may_commit() const noexcept override {
      return pipeline_.commits() || (!under_way_.empty() && under_way_.front().changes);
    }
    bool lost() const noexcept override { return pipeline_.lost(); }
    bool alive() noexcept override { return is_alive(on_.raw_); }

    bool put(const sql_statement& statement) noexcept override {
      const auto before = under_way_.size();
      try {
        auto* known = on_.cache_.find(statement.sql);
        if (known == nullptr)
          return false;
        check_statement(statement);
        const encoded_parameters parameters{statement.parameters};
        const auto& texts = parameters.texts();
        if (under_way_.empty())
          begun_ = clock::now();
        const bool changes = known->verb != sql_verb::reads;
        under_way_.push_back({&statement, known, changes});
        if (pipeline_.send({known->name.c_str(), texts.data(), texts.size(), company_of(statement, *known, changes), changes}))
          return true;
      } catch (const std::exception&) { // it says so again where it is executed
      }
      under_way_.resize(before);
      return false;
    }

    bool flush() noexcept override { return pipeline_.flush(); }
    bool has_answers() noexcept override { return pipeline_.has_answers(); }

    void receive(statement_pipe::receiver& to) noexcept override {
      to_ = &to;
      const auto before = under_way_.size();
      pipeline_.receive(*this);
      if (const auto ended = before - under_way_.size(); ended > 0) {
        const auto now = clock::now();
        if (done_last_ != nullptr) // so that there is one look at the clock for all of them
          note_time(*std::exchange(done_last_, nullptr), (now - begun_) / ended);
        begun_ = now;
      }
    }

  private:
    struct flying {
      const sql_statement* statement;
      prepared* known; // null: not any more
      bool changes;
    };

    [[nodiscard]] pipelined::company company_of(const sql_statement& what, const prepared& as, bool changes) const noexcept {
      if (changes)
        return on_.options_.group_commit ? pipelined::company::changes : pipelined::company::none;
      return as.stands_apart || has_many_keys(what) ? pipelined::company::none : pipelined::company::reads;
    }

    void ended(pipeline::outcome how, result_ptr&& result) override {
      const auto [statement, known, changes] = under_way_.front();
      under_way_.pop_front();
      switch (how) {
      case pipeline::outcome::done:
        done_last_ = known;
        return to_->ended(result_of(*result, known, changes));
      case pipeline::outcome::undone: return to_->ended(undone{});
      case pipeline::outcome::spoiled: return to_->ended(undone{.behind_others = true});
      case pipeline::outcome::unknown: return to_->ended(std::make_exception_ptr(on_.unknown_outcome()));
      case pipeline::outcome::failed: break;
      }
      if (is_stale(state_of(result.get())))
        return to_->ended(undone{});
      if (known != nullptr && state_of(result.get()) == query_canceled) // it takes at least so long
        note_time(*known, clock::now() - begun_);
      auto refused = std::make_exception_ptr(on_.refusal_of(*statement, result.get())); // may forget the statement
      done_last_ = nullptr;
      for (auto& each : under_way_)
        each.known = nullptr;
      to_->ended(std::move(refused));
    }

    static statement_pipe::outcome result_of(const PGresult& result, prepared* known, bool changes) noexcept {
      try {
        auto out = to_sql_result(&result);
        if (known != nullptr)
          known->gives_much = out.cells.size() > most_cells_in_a_pipe;
        if (changes)
          out.affected_rows = std::strtoll(PQcmdTuples(const_cast<PGresult*>(&result)), nullptr, 10);
        return out;
      } catch (...) {
        return std::current_exception();
      }
    }

    postgres_connection& on_;
    pipeline pipeline_;
    std::deque<flying> under_way_;
    clock::time_point begun_;       // the one that has been under way for longest, at about
    prepared* done_last_ = nullptr; // in this call of `receive`
    statement_pipe::receiver* to_ = nullptr;
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
      const auto what = meaning_of(e.state(), in_read_only_ || options_.read_only);
      throw statement_error{what.code, std::string{what.detail} + e.place(), e.state() + ' ' + e.what()};
    }
  }

  /// In a pipe.
  statement_error refusal_of(const sql_statement& statement, const PGresult* why) {
    const auto state = state_of(why);
    const auto what = meaning_of(state, options_.read_only);
    forget_after(what.code, statement.sql);
    return {what.code, what.detail, state + ' ' + one_line(PQresultErrorMessage(why))};
  }

  statement_error unknown_outcome() {
    const auto what = meaning_of("08007");
    return {what.code, what.detail, one_line(PQerrorMessage(raw_))};
  }

  static bool is_stale(const std::string& state) { return state == "26000" || state == "0A000"; }

  static void note_time(prepared& of, clock::duration took) noexcept {
    auto& [usual, least] = of.takes;
    const bool is_first = usual == clock::duration{0};
    usual += is_first ? took : (took - usual) / 8;
    least = is_first ? took : std::min<clock::duration>(took, least + least / 64); // in case it has changed
  }

  /// For a text that does not come again.
  sql_result run_once(const std::string& sql, const encoded_parameters& parameters, before then) {
    auto once = prepare_at_server(sql);
    forgotten_.push_back(once.name);
    try {
      return run(once, parameters, then);
    } catch (const stale_plan& not_stale) {
      throw statement_error{errc::internal, meaning_of({}).detail, not_stale.what()};
    }
  }

  prepared& prepare(const std::string& sql) {
    if (cache_.full())
      forgotten_.push_back(cache_.pop_oldest().name);
    return cache_.insert(sql, prepare_at_server(sql));
  }

  prepared prepare_at_server(const std::string& sql) {
    const auto verb = verb_of(sql);
    if (verb == sql_verb::copy)
      throw statement_error{errc::internal, meaning_of({}).detail, "COPY is not possible here"};
    unprepare_forgotten();
    prepared made{"troupe_" + std::to_string(++names_given_), verb};
    made.stands_apart = verb == sql_verb::reads && !calls_usual_functions_only(sql);
    try {
      postgres::prepare(*session_, made.name, sql);
    } catch (const std::exception& e) {
      rethrow(e);
    }
    return made;
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
      what.gives_much = out.cells.size() > most_cells_in_a_pipe;
      return out;
    } catch (const statement_error&) {
      throw;
    } catch (const std::exception& e) {
      if (PQstatus(raw_) != CONNECTION_OK && may_have_taken_effect(what.verb, then))
        throw unknown_outcome();
      const auto state = sqlstate_of(e);
      if (state == query_canceled) // it takes at least so long
        note_time(what, clock::now() - begun);
      if (is_stale(state) && what.verb != sql_verb::procedure) // which may say so itself, behind a COMMIT of its own
        throw stale_plan{state + ' ' + one_line(e.what())};
      rethrow(e);
    }
  }

  [[noreturn]] void rethrow(const std::exception& e) {
    if (PQstatus(raw_) != CONNECTION_OK)
      throw statement_error{errc::unavailable, meaning_of("08006").detail,
                            one_line(PQerrorMessage(raw_))};
    const auto state = sqlstate_of(e);
    const auto what = meaning_of(state, in_read_only_ || options_.read_only);
    throw statement_error{what.code, what.detail, state + ' ' + one_line(e.what())};
  }

  session_options options_;
  PGconn* raw_; // the session's own
  std::unique_ptr<session> session_;
  std::shared_ptr<PGcancel> cancel_; // null: out of memory
  int socket_; // for interrupt: libpq may close its own at any time
  prepared_cache<prepared> cache_;
  std::vector<std::string> forgotten_; // still prepared at the server
  std::uint64_t names_given_ = 0;
  bool altered_ = false;
  bool in_read_only_ = false; // the transaction that is open, if any, was begun so
  cursors cursors_{raw_};
  postgres::copy_out copy_out_;
};

} // namespace

std::unique_ptr<connection> open(const std::string& url, const session_options& options) {
  return std::make_unique<postgres_connection>(url, options);
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
