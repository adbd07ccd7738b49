#include "storage/detail/connection_actor.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/chance.hpp"
#include "actors/detail/cycle_clock.hpp"
#include "storage/detail/driven_session.hpp"
#include "storage/detail/pool_messages.hpp"
#include "storage/detail/sql_text.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <utility>

namespace troupe::storage {

using troupe::detail::deliver;

namespace {

using clock = std::chrono::steady_clock;

/// Those that were opened together are not closed together.
troupe::detail::steady_time end_of_life(std::chrono::milliseconds lifetime) {
  if (lifetime.count() == 0)
    return troupe::detail::steady_time::max();
  return clock::now() + troupe::detail::by_chance(lifetime * 9 / 10, lifetime);
}

/// Of the exception that is being handled, for the log.
std::string internal_reason() {
  try {
    throw;
  } catch (const statement_error& e) {
    return e.internal();
  } catch (const std::exception& e) {
    return e.what();
  }
}

/// A line of text for each of its rows.
std::string text_of_plan(const sql_result& found) {
  std::string out;
  for (std::size_t i = 0; i < found.row_count(); ++i)
    if (const auto* line = std::get_if<std::string>(&found.cells[(i + 1) * found.columns.size() - 1]))
      out += (out.empty() ? "" : " | ") + one_line(*line);
  return out;
}

std::string plan_or_refusal(connection& on, const std::string& how, const sql_statement& statement) {
  try {
    return text_of_plan(on.execute({how + statement.sql, statement.parameters}));
  } catch (const error& e) {
    return std::string{"("} + e.what() + ')';
  }
}

/// Whatever it takes: nobody else's statement may be part of that transaction.
void roll_back(connection& on) {
  try {
    on.reset();
  } catch (const error&) {
    on.interrupt();
  }
}

/// As the database tells it. A transaction that is open goes on as it was. A plan needs locks on its tables: who has them
/// may be why the statement was slow.
std::string plan_of(connection& on, const sql_statement& statement) {
  if (on.kind() == backend::sqlite)
    return plan_or_refusal(on, "EXPLAIN QUERY PLAN ", statement);
  const bool is_part = on.in_transaction();
  try {
    on.execute({is_part ? "SAVEPOINT troupe_plan" : "BEGIN", {}});
  } catch (const error&) {
    return "(not within a transaction that has failed)";
  }
  std::string out;
  try {
    on.execute({"SET LOCAL lock_timeout = '100ms'", {}});
    out = plan_or_refusal(on, "EXPLAIN ", statement);
    on.execute({is_part ? "ROLLBACK TO SAVEPOINT troupe_plan" : "ROLLBACK", {}}); // it has changed nothing
    if (is_part)
      on.execute({"RELEASE SAVEPOINT troupe_plan", {}});
  } catch (const error&) { // there was no time, or the session is gone
    if (!is_part)
      roll_back(on);
  }
  return out;
}

/// What was refused is not explained, what took too long is.
bool has_plan(const slow_statement& what) {
  const auto verb = verb_of(what.statement.sql);
  return (verb == sql_verb::reads || verb == sql_verb::changes_rows)
         && what.what.failed.value_or(errc::deadline_exceeded) == errc::deadline_exceeded;
}

/// Of what nobody has asked for, and nobody cancels.
struct run_end {
  holder_table& in;
  job_queue::slot which;
  bool& of_use; // the session, afterwards
  ~run_end() { of_use = in.end(which, std::chrono::milliseconds{0}); }
};

} // namespace

/// The table says what runs only as long as that is there. What an exception leaves unanswered, out of memory
/// for one, is answered here.
class connection_actor::run_guard {
public:
  run_guard(const run_guard&) = delete;
  run_guard& operator=(const run_guard&) = delete;
  run_guard(connection_actor& of, caf::strong_actor_ptr requester, call_id call)
    : of_(of), requester_(std::move(requester)), call_(call) {}
  ~run_guard() {
    if (answered_)
      return;
    of_.holders_->forget(of_.slot_);
    try {
      deliver(requester_, nullptr, call_, failure{errc::outcome_unknown, connection_gone});
    } catch (...) { // there is nothing left to answer with
      return;
    }
  }

  void answered() noexcept { answered_ = true; }

private:
  connection_actor& of_;
  caf::strong_actor_ptr requester_;
  call_id call_;
  bool answered_ = false;
};

connection_actor::connection_actor(caf::actor_config& config, caf::strong_actor_ptr database,
                                   const pool_share& pool, job_queue::slot slot,
                                   config::storage_settings settings)
  : caf::event_based_actor(config), database_(std::move(database)), queue_(pool.queue),
    holders_(pool.holders), statistics_(pool.statistics), refusals_(pool.refusals), told_as_(pool.told_as),
    slot_(slot), settings_(std::move(settings)) {
  set_down_handler([this](const caf::down_msg& down) {
    if (lease_ != 0 && down.source == holder_)
      end_lease();
  });
}

caf::behavior connection_actor::make_behavior() {
  return {
    [this](open_connection) { open(); },
    [this](pool_job& job) { work(std::move(job)); },
    [this](session_returned& what) { take_over(what); },
    [this](call_id call, const sql_statement& statement) { run_leased(call, statement); },
    [this](sql_release release) {
      if (lease_ != 0 && release.lease == lease_)
        end_lease();
    },
    [this](close_connection) { close(); },
    [this](check_connection what) { check(what.idle_since); },
    [this](stop_connection) { stop(); },
  };
}

void connection_actor::on_exit() {
  connection_.reset();
  database_.reset(); // the two actors hold each other
}

void connection_actor::open() {
  try {
    connection_ = connect(settings_);
  } catch (const std::exception&) {
    return report_lost(internal_reason(), true);
  }
  too_old_ = end_of_life(settings_.max_lifetime);
  std::optional<std::size_t> allowed;
  try {
    allowed = connection_->sessions_allowed();
  } catch (const std::exception&) { // what stands between may have settings of its own
    if (!connection_->healthy()) {
      connection_.reset();
      return report_lost(internal_reason(), true);
    }
  }
  // First the job: the database actor opens another connection for every job that it sees waiting.
  auto job = queue_->take(slot_);
  deliver(database_, nullptr, connection_opened{slot_, connection_, allowed});
  work(std::move(job));
}

void connection_actor::work(std::optional<pool_job> job) {
  while (job)
    job = run(std::move(*job));
}

/// The job to do after this one; none when the connection is idle, leased or gone.
std::optional<pool_job> connection_actor::run(pool_job job) {
  if (!connection_ || !connection_->healthy()) {
    give_back(std::move(job)); // nothing was sent yet, so another connection can do it
    return std::nullopt;
  }
  if (job.lease != 0) {
    grant(job);
    return std::nullopt;
  }
  run_guard guard{*this, job.requester, job.call};
  auto result = run_for(job.requester, job.call, job.statement);
  if (connection_ && std::holds_alternative<failure>(result) && !connection_->healthy())
    connection_.reset();
  // Free before the answer goes out: what its receiver sends next must find this connection. But for one whose plan
  // is asked for first.
  const bool free_first = connection_ && slow_.empty();
  auto next = free_first ? next_job() : std::nullopt;
  reply(job.requester, job.call, std::move(result));
  guard.answered();
  if (free_first)
    return next;
  tell_slow();
  if (!connection_) {
    report_lost(broken_, false);
    return std::nullopt;
  }
  return next_job();
}

/// What an event loop has left of the session: it may be gone.
void connection_actor::take_over(session_returned& what) {
  for (auto& each : what.slow)
    slow_.push_back(std::move(each));
  std::size_t done = 0;
  for (; done < what.jobs.size() && connection_ && connection_->healthy(); ++done) {
    const auto& job = what.jobs[done];
    run_guard guard{*this, job.requester, job.call};
    auto result = run_for(job.requester, job.call, job.statement);
    reply(job.requester, job.call, std::move(result));
    guard.answered();
  }
  tell_slow();
  if (connection_ && connection_->healthy())
    return work(what.next ? std::move(what.next) : next_job());
  if (what.next)
    what.jobs.push_back(std::move(*what.next));
  for (; what.jobs.size() > done; what.jobs.pop_back())
    put_back(what.jobs.back());
  connection_.reset();
  report_lost(broken_, false);
}

statement_answer connection_actor::run_for(const caf::strong_actor_ptr& requester, call_id call,
                                           const sql_statement& statement) {
  statement_answer out = failure{errc::deadline_exceeded, nobody_waits};
  if (holders_->begin(slot_, requester, call, statement))
    out = execute_and_note(statement);
  end_run();
  return out;
}

/// The session is gone afterwards when what it ran next might be cancelled.
void connection_actor::end_run() {
  const bool told = holders_->end(slot_, settings_.connect_timeout);
  broken_ = "the connection broke";
  if (!told) {
    broken_ = "it was given up, as the server does not answer, or does not take the wish to cancel a statement";
    connection_.reset();
  }
}

bool connection_actor::is_old() const noexcept {
  return troupe::detail::coarse_now() >= too_old_;
}

/// None: there is none for it, and the connection is idle, of no use to its actor from here on; or it is closed.
std::optional<pool_job> connection_actor::next_job(std::optional<troupe::detail::steady_time> idle_since) {
  if (is_old()) {
    close();
    return std::nullopt;
  }
  auto next = queue_->take_unless(
    slot_, [this](const pool_job& job) { return quick_time(*connection_, job).has_value(); }, idle_since);
  if (next.left_one)
    deliver(database_, nullptr, connection_idle{});
  return std::move(next.job);
}

void connection_actor::check(troupe::detail::steady_time idle_since) {
  try {
    static_cast<void>(connection_->execute({"SELECT 1", {}}));
  } catch (const std::exception&) {
    connection_.reset();
    return report_lost("it did not stand a health check: " + internal_reason(), false);
  }
  deliver(database_, nullptr, connection_checked{slot_});
  work(next_job(idle_since));
}

void connection_actor::close() {
  connection_.reset();
  deliver(database_, nullptr, connection_closed{slot_});
}

void connection_actor::give_back(pool_job job) {
  connection_.reset();
  put_back(job);
  report_lost("the connection was closed while it was idle", false);
}

void connection_actor::put_back(pool_job& job) {
  if (!queue_->put_back(job))
    deliver(job.requester, nullptr, job.call, failure{errc::unavailable, connection_gone});
}

statement_answer connection_actor::execute(const sql_statement& statement) {
  try {
    return execute_or_throw(statement);
  } catch (...) {
    return failure_of(std::current_exception(), !connection_->healthy(), statement.sql, told_as_, *refusals_);
  }
}

statement_answer connection_actor::execute_and_note(const sql_statement& statement) {
  const auto begun = clock::now();
  auto out = execute(statement);
  const auto took = clock::now() - begun;
  const auto what = gist_of(out);
  const statement_statistics::run noted{&statement.sql, what.rows, what.failed.has_value()};
  statistics_->add({&noted, 1}, took);
  if (settings_.slow_statement.count() > 0 && took >= settings_.slow_statement)
    slow_.push_back({statement, what, took});
  return out;
}

/// When the answer is on its way: a plan takes a while.
void connection_actor::tell_slow() {
  for (const auto& each : std::exchange(slow_, {})) {
    std::string plan;
    if (settings_.explain_slow && has_plan(each) && connection_ && connection_->healthy()
        && holders_->begin(slot_, nullptr, {}, each.statement)) { // where a server that is silent shows
      bool of_use = true;
      {
        const run_end at_end{*holders_, slot_, of_use};
        plan = plan_of(*connection_, each.statement);
      }
      if (!of_use)
        connection_.reset();
    }
    warn_of(each, plan, told_as_);
  }
}

sql_result connection_actor::execute_or_throw(const sql_statement& statement) {
  if (lease_ == 0 && connection_->kind() == backend::postgres && changes_session(statement.sql))
    throw statement_error{errc::internal, "the database refused the statement",
                          "it would change the session for others, too: SET LOCAL in a transaction"};
  auto result = connection_->run(statement);
  if (lease_ == 0 && connection_->in_transaction()) {
    connection_->reset(); // or the next statement, somebody else's, would be part of it
    throw statement_error{errc::internal, "the database refused the statement",
                          "a transaction needs a leased connection"};
  }
  return result;
}

void connection_actor::grant(const pool_job& job) {
  lease_ = job.lease;
  holders_->lend(slot_, job);
  holder_ = caf::actor_cast<caf::actor_addr>(job.requester);
  monitor(job.requester);
  deliver(job.requester, nullptr, job.call,
          sql_lease{caf::actor_cast<caf::actor>(this), lease_});
}

void connection_actor::run_leased(call_id call, const sql_statement& statement) {
  const auto requester = current_sender();
  const auto part_of = statement.steps.lease; // rows may be asked for when their transaction is long over
  if (lease_ == 0 || requester != holder_ || (part_of != 0 && part_of != lease_))
    return deliver(requester, nullptr, call, failure{errc::internal, "the lease is over"});
  if (!connection_)
    return deliver(requester, nullptr, call, failure{errc::unavailable, connection_gone});
  run_guard guard{*this, requester, call};
  auto result = run_for(requester, call, statement);
  if (connection_ && std::holds_alternative<failure>(result) && !connection_->healthy() && !connection_->is_midway())
    connection_.reset(); // reported when the lease ends: until then nobody else may use it
  reply(requester, call, std::move(result));
  guard.answered();
  tell_slow();
}

void connection_actor::end_lease() {
  demonitor(holder_);
  holder_ = nullptr;
  lease_ = 0;
  holders_->take_back(slot_);
  if (stopping_)
    return quit();
  // Nothing is wrong with it: a new one is there sooner than its rest, or has the settings that others expect.
  if (connection_ && (connection_->is_midway() || connection_->altered()))
    return close();
  try {
    if (connection_)
      connection_->reset();
  } catch (const std::exception&) {
    connection_.reset();
  }
  if (!connection_)
    return report_lost("the connection broke while it was leased", false);
  work(next_job());
}

void connection_actor::stop() {
  stopping_ = true;
  connection_.reset(); // ends an open transaction as well
  if (lease_ == 0)
    quit();
}

void connection_actor::report_lost(const std::string& why, bool while_opening) {
  deliver(database_, nullptr, connection_lost{slot_, while_opening, why});
}

} // namespace troupe::storage
