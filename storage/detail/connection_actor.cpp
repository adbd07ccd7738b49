#include "storage/detail/connection_actor.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/chance.hpp"
#include "actors/detail/cycle_clock.hpp"
#include "storage/detail/pool_messages.hpp"
#include "storage/detail/sql_text.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <span>
#include <utility>

namespace troupe::storage {

using troupe::detail::deliver;

namespace {

using clock = std::chrono::steady_clock;

constexpr const char* connection_gone = "the database connection was lost";

/// What a statement waits for others of its batch at most, as far as it is known.
constexpr std::chrono::nanoseconds longest_batch = std::chrono::milliseconds{5};

/// A batch that others join while it runs ends at one of these: so that what takes its time has its turn, and
/// figures are those of some statements.
constexpr std::size_t most_in_a_run = 512;
constexpr std::chrono::nanoseconds longest_run = std::chrono::milliseconds{20};

/// Those that were opened together are not closed together.
troupe::detail::steady_time end_of_life(std::chrono::milliseconds lifetime) {
  if (lifetime.count() == 0)
    return troupe::detail::steady_time::max();
  return clock::now() + troupe::detail::by_chance(lifetime * 9 / 10, lifetime);
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
  run_guard(connection_actor& of, caf::strong_actor_ptr requester, call_id call)
    : of_(of), requester_(std::move(requester)), call_(call) {}
  ~run_guard() {
    if (answered_)
      return;
    of_.holders_->forget(of_.slot_);
    try {
      if (requester_)
        deliver(requester_, nullptr, call_, failure{errc::outcome_unknown, connection_gone});
      for (const auto& each : jobs_)
        deliver(each.requester, nullptr, each.call, failure{errc::outcome_unknown, connection_gone});
    } catch (...) { // there is nothing left to answer with
      return;
    }
  }

  void covers(std::span<const pool_job> jobs) noexcept { jobs_ = jobs; }
  void answered() noexcept { answered_ = true; }

private:
  connection_actor& of_;
  std::span<const pool_job> jobs_;
  caf::strong_actor_ptr requester_; // of a statement on a lease
  call_id call_;
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

connection_actor::gist connection_actor::gist_of(const answer& what) {
  if (const auto* why = std::get_if<failure>(&what))
    return {0, why->code};
  const auto& result = std::get<sql_result>(what);
  return {result.columns.empty() ? static_cast<std::size_t>(result.affected_rows) : result.row_count(), {}};
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
  if (take_batch(job))
    return run_batch();
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

/// Those that wait at the front, as long as all of them are quick: what is slow gains nothing from company, and would
/// keep it waiting.
std::vector<pool_job> connection_actor::take_quick_ones(std::size_t most, std::chrono::nanoseconds left) {
  return queue_->take_more(most, [&](const pool_job& job) {
    if (job.lease != 0)
      return false;
    left -= connection_->expected_time(job.statement.sql).value_or(longest_batch);
    return left > std::chrono::nanoseconds{0};
  });
}

/// The job and those that wait behind it. False, and the job left alone: there are none.
bool connection_actor::take_batch(pool_job& first) {
  if (settings_.max_batch < 2)
    return false;
  const auto left = longest_batch - connection_->expected_time(first.statement.sql).value_or(longest_batch);
  if (left <= std::chrono::nanoseconds{0})
    return false;
  auto others = take_quick_ones(settings_.max_batch - 1, left);
  if (others.empty())
    return false;
  batch_.reserve(std::max<std::size_t>(most_in_a_run, settings_.max_batch));
  batch_.push_back(std::move(first));
  std::move(others.begin(), others.end(), std::back_inserter(batch_));
  return true;
}

/// What runs together, and what comes of it. Others join it as answers come, so that the server always has
/// something to do while those who were answered ask for more.
class connection_actor::batch final : public connection::statement_feed {
public:
  explicit batch(connection_actor& of) : of_(of), begun_(clock::now()) {
    static_cast<void>(of_.holders_->begin(of_.slot_, of_.batch_));
  }

  std::span<const sql_statement* const> next() noexcept override {
    answer_those_done();
    auto& jobs = of_.batch_;
    if (offered_ == jobs.size())
      take_more();
    statements_.clear();
    for (; offered_ < jobs.size(); ++offered_)
      statements_.push_back(&jobs[offered_].statement);
    ends_.resize(jobs.size());
    return statements_;
  }

  void done(std::size_t place, connection::outcome&& what) noexcept override {
    auto& to = ends_[place];
    if (auto* result = std::get_if<sql_result>(&what))
      to.what = std::move(*result);
    else
      to.what = of_.failed(std::get<std::exception_ptr>(what), of_.batch_[place].statement.sql);
    to.is = gist_of(to.what);
    ++done_;
    if (!to.is.failed)
      answerable_.push_back(place);
  }

  /// Failures apart: it may have been another one that was meant to be cancelled.
  void answer_those_done() noexcept {
    for (const auto place : answerable_)
      answer(place);
    answerable_.clear();
  }

  void note(statement_statistics& to) {
    const auto took = clock::now() - begun_;
    std::vector<statement_statistics::run> runs;
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      runs.push_back({&of_.batch_[i].statement.sql, ends_[i].is.rows, ends_[i].is.failed.has_value()});
      of_.note_slow(of_.batch_[i].statement, ends_[i].is, took);
    }
    to.add(runs, took);
  }

  /// Those that were cancelled although somebody waits for them: nothing of them is left.
  void repeat(const holder_table::ending& after) {
    for (std::size_t i = 0; after.cancelled && i < ends_.size(); ++i)
      if (!after.abandoned[i] && ends_[i].is.failed == errc::deadline_exceeded)
        ends_[i].what = of_.connection_ ? of_.run_alone(of_.batch_[i])
                                        : failure{errc::unavailable, connection_gone};
  }

  void answer_those_failed() {
    for (std::size_t i = 0; i < ends_.size(); ++i)
      if (ends_[i].is.failed)
        answer(i);
  }

  [[nodiscard]] bool any_failed() const noexcept {
    return std::any_of(ends_.begin(), ends_.end(), [](const end& each) { return each.is.failed.has_value(); });
  }

private:
  struct end {
    connection_actor::answer what;
    gist is;
  };

  void answer(std::size_t place) {
    const auto& job = of_.batch_[place];
    reply(job.requester, job.call, std::move(ends_[place].what));
  }

  void take_more() {
    auto& jobs = of_.batch_;
    const auto under_way = jobs.size() - done_;
    const auto room = std::min(most_in_a_run - std::min(most_in_a_run, jobs.size()),
                               of_.settings_.max_batch - std::min<std::size_t>(of_.settings_.max_batch, under_way));
    if (room == 0 || clock::now() - begun_ > longest_run)
      return;
    auto more = of_.take_quick_ones(room, longest_batch);
    if (more.empty())
      return;
    std::move(more.begin(), more.end(), std::back_inserter(jobs));
    of_.holders_->extend(of_.slot_, jobs);
  }

  connection_actor& of_;
  clock::time_point begun_;
  std::size_t offered_ = 0;
  std::size_t done_ = 0;
  std::vector<const sql_statement*> statements_;
  std::vector<end> ends_;
  std::vector<std::size_t> answerable_; // not answered yet
};

std::optional<pool_job> connection_actor::run_batch() {
  // Cleared before another one can begin, which the next job may be.
  const std::unique_ptr<std::vector<pool_job>, void (*)(std::vector<pool_job>*)> end{
    &batch_, [](std::vector<pool_job>* jobs) { jobs->clear(); }};
  run_guard guard{*this, batch_};
  batch all{*this};
  connection_->execute_all(all);
  guard.covers(batch_); // others have joined
  all.answer_those_done();
  all.note(*statistics_);
  all.repeat(end_run());
  if (connection_ && all.any_failed() && !connection_->healthy())
    connection_.reset();
  // Free before the last answers go out, as for one.
  const bool broke = !connection_;
  auto next = broke ? std::nullopt : next_job();
  all.answer_those_failed();
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
  const auto what = gist_of(out);
  const statement_statistics::run noted{&statement.sql, what.rows, what.failed.has_value()};
  statistics_->add({&noted, 1}, took);
  note_slow(statement, what, took);
  return out;
}

/// Of one that took long with others it is not known which one it was.
void connection_actor::note_slow(const sql_statement& statement, const gist& what,
                                 std::chrono::nanoseconds took) {
  if (settings_.slow_statement.count() > 0 && took >= settings_.slow_statement)
    slow_.push_back({&statement, what, took});
}

/// When the answer is on its way: a plan takes a while. REQUIRES: what was noted is still there.
void connection_actor::tell_slow() {
  for (const auto& each : std::exchange(slow_, {})) {
    std::string plan;
    const auto outcome = each.what.failed ? std::string{to_string(*each.what.failed)}
                                          : std::to_string(each.what.rows) + " rows";
    if (settings_.explain_slow && !each.what.failed && connection_ && connection_->healthy())
      plan = "; plan: " + plan_of(*connection_, *each.statement);
    spdlog::warn("slow statement: {} ms, {}, for {}: {}{}",
                 std::chrono::duration_cast<std::chrono::milliseconds>(each.took).count(), outcome,
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
