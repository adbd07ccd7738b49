#include "storage/detail/connection_actor.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/chance.hpp"
#include "actors/detail/cycle_clock.hpp"
#include "storage/detail/pool_messages.hpp"
#include "storage/detail/sql_text.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace troupe::storage {

using troupe::detail::deliver;

namespace {

using clock = std::chrono::steady_clock;

constexpr const char* connection_gone = "the database connection was lost";

/// What a statement waits for others of its batch at most, as far as it is known.
constexpr std::chrono::nanoseconds longest_batch = std::chrono::milliseconds{5};

/// Those that were opened together are not closed together.
troupe::detail::steady_time end_of_life(std::chrono::milliseconds lifetime) {
  if (lifetime.count() == 0)
    return troupe::detail::steady_time::max();
  return clock::now() + troupe::detail::by_chance(lifetime * 9 / 10, lifetime);
}

std::size_t rows_of(const std::variant<sql_result, failure>& what) {
  const auto* result = std::get_if<sql_result>(&what);
  if (result == nullptr)
    return 0;
  return result->columns.empty() ? static_cast<std::size_t>(result->affected_rows) : result->row_count();
}

statement_statistics::run run_of(const sql_statement& statement,
                                 const std::variant<sql_result, failure>& what) {
  return {&statement.sql, rows_of(what), std::holds_alternative<failure>(what)};
}

/// As the database tells it: a line of text for each of its rows.
std::string plan_of(connection& on, const sql_statement& statement) {
  const auto* const words = on.kind() == backend::postgres ? "EXPLAIN " : "EXPLAIN QUERY PLAN ";
  if (on.in_transaction())
    return "(not within a transaction, which a refusal would spoil)";
  try {
    const auto found = on.execute({words + statement.sql, statement.parameters});
    std::string out;
    for (std::size_t i = 0; i < found.row_count(); ++i)
      if (const auto* line = std::get_if<std::string>(&found.cells[(i + 1) * found.columns.size() - 1]))
        out += (out.empty() ? "" : " | ") + one_line(*line);
    return out;
  } catch (const error& e) {
    return std::string{"("} + e.what() + ')';
  }
}

bool was_cancelled(const std::variant<sql_result, failure>& what) {
  const auto* failed = std::get_if<failure>(&what);
  return failed != nullptr && failed->code == errc::deadline_exceeded;
}

template <class Answer>
void reply(const caf::strong_actor_ptr& to, call_id call, Answer answer) {
  std::visit([&](auto& value) { deliver(to, nullptr, call, std::move(value)); }, answer);
}

void log_failure(const statement_error& e, bool session_is_gone, const std::string& sql) {
  auto level = spdlog::level::debug; // the caller's to handle, or told by the database actor
  if (e.code() == errc::internal)
    level = spdlog::level::err;
  else if (e.code() == errc::unavailable && !session_is_gone)
    level = spdlog::level::warn;
  spdlog::log(level, "statement failed: {}; in: {}", e.internal(), one_line(sql));
}

} // namespace

/// The table says what runs only as long as that is there. What an exception leaves unanswered, out of memory
/// for one, is answered here.
class connection_actor::run_guard {
public:
  run_guard(connection_actor& of, std::span<const pool_job> jobs) : of_(of), jobs_(jobs) {}
  run_guard(const run_guard&) = delete;
  run_guard& operator=(const run_guard&) = delete;
  ~run_guard() {
    if (answered_)
      return;
    of_.holders_->forget(of_.slot_);
    try {
      for (const auto& each : jobs_)
        deliver(each.requester, nullptr, each.call, failure{errc::unavailable, connection_gone});
    } catch (...) { // there is nothing left to answer with
      return;
    }
  }

  void answered() noexcept { answered_ = true; }

private:
  connection_actor& of_;
  std::span<const pool_job> jobs_;
  bool answered_ = false;
};

connection_actor::connection_actor(caf::actor_config& config, caf::strong_actor_ptr database,
                                   const pool_share& pool, job_queue::slot slot,
                                   config::storage_settings settings)
  : caf::event_based_actor(config), database_(std::move(database)), queue_(pool.queue),
    holders_(pool.holders), statistics_(pool.statistics), slot_(slot), settings_(std::move(settings)) {
  set_down_handler([this](const caf::down_msg& down) {
    if (lease_ != 0 && down.source == holder_)
      end_lease();
  });
}

caf::behavior connection_actor::make_behavior() {
  return {
    [this](open_connection) { open(); },
    [this](pool_job& job) { work(std::move(job)); },
    [this](call_id call, const sql_statement& statement) { run_leased(call, statement); },
    [this](sql_release release) {
      if (lease_ != 0 && release.lease == lease_)
        end_lease();
    },
    [this](close_connection) { close(); },
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
  } catch (const statement_error& e) {
    return report_lost(e.internal(), true);
  } catch (const std::exception& e) {
    return report_lost(e.what(), true);
  }
  too_old_ = end_of_life(settings_.max_lifetime);
  // First the job: the database actor opens another connection for every job that it sees waiting.
  auto job = queue_->take(slot_);
  deliver(database_, nullptr, connection_opened{slot_, connection_});
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
  if (auto batch = take_batch(job); !batch.empty())
    return run_all(std::move(batch));
  run_guard guard{*this, {&job, 1}};
  auto result = run_alone(job);
  if (connection_ && std::holds_alternative<failure>(result) && !connection_->healthy())
    connection_.reset();
  // Free before the answer goes out: what its receiver sends next must find this connection.
  const bool broke = !connection_;
  auto next = broke ? std::nullopt : next_job();
  reply(job.requester, job.call, std::move(result));
  guard.answered();
  if (broke)
    report_lost(broken_, false);
  tell_slow();
  return next;
}

connection_actor::answer connection_actor::run_alone(const pool_job& job) {
  answer out = failure{errc::deadline_exceeded, "nobody waits for the statement"};
  if (holders_->begin(slot_, {&job, 1}))
    out = execute_and_note(job.statement);
  end_run();
  return out;
}

/// The session is gone afterwards when what it ran next might be cancelled.
holder_table::ending connection_actor::end_run() {
  auto out = holders_->end(slot_, settings_.connect_timeout);
  broken_ = "the connection broke";
  if (out.untold) {
    broken_ = "it was given up, as the server does not take the wish to cancel a statement";
    connection_.reset();
  }
  return out;
}

bool connection_actor::is_old() const noexcept {
  return troupe::detail::coarse_now() >= too_old_;
}

/// None: there is none, and the connection is idle; or it is closed.
std::optional<pool_job> connection_actor::next_job() {
  if (!is_old())
    return queue_->take(slot_);
  close();
  return std::nullopt;
}

void connection_actor::close() {
  connection_.reset();
  deliver(database_, nullptr, connection_closed{slot_});
}

void connection_actor::give_back(pool_job job) {
  connection_.reset();
  if (!queue_->put_back(job))
    deliver(job.requester, nullptr, job.call, failure{errc::unavailable, connection_gone});
  report_lost("the connection was closed while it was idle", false);
}

/// The job and those that wait behind it, as long as all of them are quick: what is slow gains nothing from
/// company, and would keep it waiting. Empty, and the job left alone: there are none.
std::vector<pool_job> connection_actor::take_batch(pool_job& first) {
  std::vector<pool_job> out;
  if (settings_.max_batch < 2)
    return out;
  auto left = longest_batch;
  const auto fits = [&](const pool_job& job) {
    const auto takes =
      job.lease == 0 ? connection_->expected_time(job.statement.sql) : std::optional<std::chrono::nanoseconds>{};
    left -= takes.value_or(longest_batch);
    return takes && left > std::chrono::nanoseconds{0};
  };
  if (!fits(first))
    return out;
  out = queue_->take_more(settings_.max_batch - 1, fits);
  if (!out.empty())
    out.insert(out.begin(), std::move(first));
  return out;
}

std::optional<pool_job> connection_actor::run_all(std::vector<pool_job> jobs) {
  std::vector<const sql_statement*> statements;
  for (const auto& each : jobs)
    statements.push_back(&each.statement);
  std::vector<answer> answers(jobs.size());
  run_guard guard{*this, jobs};
  static_cast<void>(holders_->begin(slot_, jobs));
  const auto begun = clock::now();
  connection_->execute_all(statements, [&](std::size_t i, connection::outcome&& what) {
    if (auto* result = std::get_if<sql_result>(&what))
      answers[i] = std::move(*result);
    else
      answers[i] = failed(std::get<std::exception_ptr>(what), jobs[i].statement.sql);
  });
  const auto took = clock::now() - begun;
  std::vector<statement_statistics::run> runs;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    runs.push_back(run_of(jobs[i].statement, answers[i]));
    note_slow(jobs[i].statement, answers[i], took);
  }
  statistics_->add(runs, took);
  const auto ending = end_run();
  for (std::size_t i = 0; ending.cancelled && i < jobs.size(); ++i)
    if (!ending.abandoned[i] && was_cancelled(answers[i])) // another one was meant; nothing of it is left
      answers[i] = connection_ ? run_alone(jobs[i]) : failure{errc::unavailable, connection_gone};
  const bool any_failed = std::any_of(answers.begin(), answers.end(), [](const answer& each) {
    return std::holds_alternative<failure>(each);
  });
  if (connection_ && any_failed && !connection_->healthy())
    connection_.reset();
  // Free before the answers go out, as for one.
  const bool broke = !connection_;
  auto next = broke ? std::nullopt : next_job();
  for (std::size_t i = 0; i < jobs.size(); ++i)
    reply(jobs[i].requester, jobs[i].call, std::move(answers[i]));
  guard.answered();
  if (broke)
    report_lost(broken_, false);
  tell_slow();
  return next;
}

connection_actor::answer connection_actor::execute(const sql_statement& statement) {
  try {
    return execute_or_throw(statement);
  } catch (...) {
    return failed(std::current_exception(), statement.sql);
  }
}

connection_actor::answer connection_actor::execute_and_note(const sql_statement& statement) {
  const auto begun = clock::now();
  auto out = execute(statement);
  const auto took = clock::now() - begun;
  const auto noted = run_of(statement, out);
  statistics_->add({&noted, 1}, took);
  note_slow(statement, out, took);
  return out;
}

/// Of one that took long with others it is not known which one it was.
void connection_actor::note_slow(const sql_statement& statement, const answer& what,
                                 std::chrono::nanoseconds took) {
  if (settings_.slow_statement.count() == 0 || took < settings_.slow_statement)
    return;
  const auto* failed = std::get_if<failure>(&what);
  slow_.push_back({&statement,
                   failed != nullptr ? std::string{to_string(failed->code)}
                                     : std::to_string(rows_of(what)) + " rows",
                   took, settings_.explain_slow && failed == nullptr});
}

/// When the answer is on its way: a plan takes a while. REQUIRES: what was noted is still there.
void connection_actor::tell_slow() {
  for (const auto& each : std::exchange(slow_, {})) {
    std::string plan;
    if (each.explain && connection_ && connection_->healthy())
      plan = "; plan: " + plan_of(*connection_, *each.statement);
    spdlog::warn("slow statement: {} ms, {}, for {}: {}{}",
                 std::chrono::duration_cast<std::chrono::milliseconds>(each.took).count(), each.outcome,
                 each.statement->asked_by != nullptr ? *each.statement->asked_by : "(no route)",
                 one_line(each.statement->sql), plan);
  }
}

connection_actor::answer connection_actor::failed(const std::exception_ptr& why, const std::string& sql) {
  try {
    std::rethrow_exception(why);
  } catch (const statement_error& e) {
    log_failure(e, !connection_->healthy(), sql);
    return failure{e.code(), e.what()};
  } catch (const error& e) {
    return failure{e.code(), e.what()};
  } catch (const std::exception& e) {
    spdlog::error("statement failed: {}; in: {}", e.what(), one_line(sql));
    return failure{errc::internal, "the database refused the statement"};
  }
}

sql_result connection_actor::execute_or_throw(const sql_statement& statement) {
  auto result = connection_->execute(statement);
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
  if (lease_ == 0 || requester != holder_)
    return deliver(requester, nullptr, call, failure{errc::internal, "the lease is over"});
  if (!connection_)
    return deliver(requester, nullptr, call, failure{errc::unavailable, connection_gone});
  run_guard guard{*this, {}};
  answer result = failure{errc::deadline_exceeded, "nobody waits for the statement"};
  if (holders_->begin(slot_, call, statement))
    result = execute_and_note(statement);
  end_run();
  if (connection_ && std::holds_alternative<failure>(result) && !connection_->healthy())
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
