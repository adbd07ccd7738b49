#include "storage/detail/driven_session.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/courier_actor.hpp"
#include "actors/detail/cycle_clock.hpp"

#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace troupe::storage {

using troupe::detail::coarse_now;

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

/// What statements wait for those in front of them on one session at most, as far as it is known: at best while other
/// sessions are idle, as company saves more work than a session of its own saves time; and usually when none is.
constexpr nanoseconds short_line = std::chrono::milliseconds{1};
constexpr nanoseconds longest_line = std::chrono::milliseconds{5};

/// A session that has answered is not asked whether it is still there.
constexpr nanoseconds just_now = std::chrono::milliseconds{10};

constexpr std::uint32_t to_read = EPOLLIN | EPOLLRDHUP;

} // namespace

std::optional<connection::timing> quick_time(connection& on, const pool_job& job) {
  if (job.lease != 0 || job.statement.tells_trace)
    return std::nullopt;
  auto expected = on.expected_time(job.statement.sql);
  return expected && expected->usual < longest_line ? expected : std::nullopt;
}

driven_session::driven_session(owner& of, troupe::detail::event_loop& loop, troupe::detail::poller& sockets,
                               const pool_share& pool, job_queue::slot number,
                               const config::storage_settings& settings)
  : owner_(of), loop_(loop), sockets_(sockets), queue_(pool.queue), statistics_(pool.statistics), refusals_(pool.refusals),
    told_as_(pool.told_as), number_(number),
    slow_statement_(settings.slow_statement), connect_timeout_(settings.connect_timeout),
    explains_slow_(settings.explain_slow), most_at_once_(settings.max_batch) {}

driven_session::~driven_session() {
  close();
}

// -- what it does in a step of the loop -----------------------------------------------------------------

bool driven_session::begin(const std::shared_ptr<connection>& session, pool_job& job) {
  const bool was_in_use_just_now = pipe_ && coarse_now() - progress_ < just_now;
  if (pipe_ ? !was_in_use_just_now && !pipe_->alive() : !open(session)) {
    close();
    return false;
  }
  busy_ = true;
  since_ = progress_ = coarse_now();
  const auto expected = session_->expected_time(job.statement.sql).value_or(connection::timing{});
  put(std::make_unique<pool_job>(std::move(job)), expected);
  look();
  return true;
}

bool driven_session::open(const std::shared_ptr<connection>& session) {
  pipe_ = session->open_pipe();
  if (!pipe_)
    return false;
  session_ = session;
  socket_ = troupe::detail::file_descriptor{::fcntl(pipe_->socket(), F_DUPFD_CLOEXEC, 0)};
  return socket_ && sockets_.add(socket_.get(), *this, to_read);
}

void driven_session::look() {
  if (std::exchange(looks_, true))
    return;
  owner_.looks(1);
  loop_.defer(*this);
}

bool driven_session::likes_company(const pool_job& job) const {
  if (!has_room())
    return false;
  const auto waiting = queue_->count().waiting;
  if (under_way_.size() + waiting >= most_at_once_)
    return false;
  const auto time = quick_time(*session_, job);
  return time && load_.least + time->least * (waiting + 1) < short_line;
}

bool driven_session::is_stuck() const noexcept {
  return !under_way_.empty() && coarse_now() - progress_ > longest_line;
}

bool driven_session::has_room() const noexcept {
  const bool is_wanted_back = !left_.jobs.empty() || !left_.slow.empty();
  return busy_ && !pipe_->lost() && !is_stuck() && !is_wanted_back && !cancelling() && !writing_ && load_.usual < longest_line
         && under_way_.size() < most_at_once_ && owner_.may_be_idle(number_);
}

/// After the actors of this step: what they asked for, having been answered, waits by now.
void driven_session::run_deferred() {
  looks_ = false;
  owner_.looks(-1);
  if (!busy_)
    return;
  // Two flights keep the server busy; what comes meanwhile is better off in a larger one.
  if (has_room() && flushed_.size() < 2) {
    take_more(most_at_once_, true);
    owner_.give_to_idle_ones();
    const auto waiting = queue_->count().waiting;
    const auto sessions = owner_.sessions_that_look() + 1;
    if (waiting > 0)
      take_more((waiting + sessions - 1) / sessions, false);
  }
  flush();
  if (under_way_.empty())
    become_idle_or_return();
}

/// So many, as long as they are better off with each other than with idle sessions, or as nobody waits too long.
void driven_session::take_more(std::size_t most, bool as_company) {
  auto line = load_;
  most = std::min(most, most_at_once_ - under_way_.size());
  expected_.clear();
  const auto fits = [&](const pool_job& job) {
    const bool has_place = as_company ? line.least < short_line : line.usual < longest_line;
    const auto time = has_place ? quick_time(*session_, job) : std::nullopt;
    if (!time)
      return false;
    line += *time;
    expected_.push_back(*time);
    return true;
  };
  auto more = queue_->take_more(most, std::ref(fits)); // what it refers to would not fit into a function
  if (!more.empty() && under_way_.empty())
    progress_ = coarse_now();
  for (std::size_t i = 0; i < more.size(); ++i)
    put(std::move(more[i]), expected_[i]);
}

void driven_session::put(std::unique_ptr<pool_job> job, connection::timing expected) {
  under_way_.push_back({std::move(job), expected, false});
  if (pipe_->put(under_way_.back().job->statement)) {
    load_ += expected;
    ++put_;
    return;
  }
  left_.jobs.push_back(std::move(*under_way_.back().job));
  under_way_.pop_back();
}

void driven_session::flush() {
  if (put_ > 0)
    flushed_.push_back(std::exchange(put_, 0));
  const bool is_out = pipe_->flush();
  if (writing_ == is_out)
    sockets_.change(socket_.get(), *this, is_out ? to_read : to_read | EPOLLOUT);
  writing_ = !is_out;
  if (pipe_->has_answers())
    sockets_.again(*this);
  if (under_way_.size() > 1)
    owner_.watch();
}

void driven_session::on_socket(std::uint32_t) {
  const auto before = progress_;
  const auto count = under_way_.size();
  pipe_->receive(*this);
  if (under_way_.size() < count) {
    progress_ = clock::now();
    untold_since_.reset();
  }
  if (!ended_.empty())
    note(progress_ - before);
  if (!busy_ && pipe_->lost() && queue_->remove(number_)) // it was idle
    return give_back({});
  if (busy_)
    look();
}

void driven_session::ended(statement_pipe::outcome&& what) noexcept {
  auto first = std::move(under_way_.front());
  under_way_.pop_front();
  load_ -= first.expected;
  if (!flushed_.empty() && --flushed_.front() == 0)
    flushed_.pop_front();
  const bool could_be_hit = cancelling() || may_be_hit_ > 0;
  if (may_be_hit_ > 0)
    --may_be_hit_;
  if (const auto* undone = std::get_if<statement_pipe::undone>(&what)) {
    if (first.abandoned)
      return answer(*first.job, failure{errc::deadline_exceeded, nobody_waits});
    return leave_for_thread(std::move(*first.job), undone->behind_others);
  }
  statement_answer found;
  if (auto* result = std::get_if<sql_result>(&what))
    found = std::move(*result);
  else
    found = failure_of(std::get<std::exception_ptr>(what), pipe_->lost(), first.job->statement.sql, told_as_, *refusals_);
  const auto is = gist_of(found);
  if (could_be_hit && !first.abandoned && is.failed == errc::deadline_exceeded) {
    return leave_for_thread(std::move(*first.job), true); // perhaps it was another one that was meant; nothing of it is left
  }
  answer(*first.job, std::move(found));
  ended_.push_back({std::move(first.job->statement), is});
}

/// Those that were cancelled or have failed for others may wait for these: the first of them goes last.
void driven_session::leave_for_thread(pool_job&& job, bool behind_others) {
  left_.jobs.insert(left_.jobs.end() - last_ones_, std::move(job));
  if (behind_others)
    ++last_ones_;
}

/// A coroutine of this loop goes on when the loop comes to it.
void driven_session::answer(const pool_job& job, statement_answer&& what) {
  auto& near = troupe::detail::courier_of(loop_);
  const auto id = job.call.value;
  if (job.requester != near.ctrl() || !near.is_awaited(id))
    return reply(job.requester, job.call, std::move(what));
  std::visit([&](auto& value) { near.resolve_soon(id, std::move(value)); }, what);
}

/// Those that have ended in this turn. Of one that took long with others it is not known which one it was.
void driven_session::note(nanoseconds took) {
  runs_.clear();
  for (const auto& each : ended_)
    runs_.push_back({&each.statement.sql, each.is.rows, each.is.failed.has_value()});
  statistics_->add(runs_, took);
  if (slow_statement_.count() > 0 && took >= slow_statement_)
    for (auto& each : ended_) {
      slow_statement made{std::move(each.statement), each.is, took};
      if (explains_slow_)
        left_.slow.push_back(std::move(made));
      else
        warn_of(made, {}, told_as_);
    }
  ended_.clear();
}

/// REQUIRES: nothing is under way.
void driven_session::become_idle_or_return() {
  if (cancelling() && !pipe_->lost())
    return; // what it ran next might be hit
  if (!left_.jobs.empty() || !left_.slow.empty() || pipe_->lost() || !owner_.may_be_idle(number_))
    return give_back(std::exchange(left_, {}));
  auto next = queue_->take_unless(number_, [this](const pool_job& job) { return quick_time(*session_, job).has_value(); });
  if (next.job) {
    session_returned out;
    out.next = std::move(next.job);
    return give_back(std::move(out));
  }
  busy_ = false;
  if (!next.left_one)
    return;
  // A quick one: it waited for others that looked in this step, or came meanwhile.
  if (queue_->remove(number_)) {
    busy_ = true;
    look();
  }
}

void driven_session::give_back(session_returned&& what) {
  close();
  owner_.on_session_returned(number_, std::move(what));
}

void driven_session::leave() noexcept {
  if (!busy_)
    close();
}

void driven_session::give_up() {
  const bool had_it = session_ != nullptr;
  for (const auto& each : under_way_)
    answer(*each.job, failure{errc::outcome_unknown, connection_gone});
  for (auto& each : left_.jobs)
    if (!queue_->put_back(each))
      reply(each.requester, each.call, failure{errc::unavailable, connection_gone});
  under_way_.clear();
  if (had_it)
    session_->interrupt();
  close();
}

/// Away.
void driven_session::close() noexcept {
  if (std::exchange(looks_, false)) {
    loop_.undefer(*this);
    owner_.looks(-1);
  }
  if (socket_)
    sockets_.remove(socket_.get(), *this);
  socket_ = {};
  pipe_.reset();
  session_.reset();
  under_way_.clear();
  flushed_.clear();
  put_ = 0;
  ended_.clear();
  left_ = {};
  last_ones_ = 0;
  told_.reset();
  untold_since_.reset();
  busy_ = writing_ = shut_ = false;
  load_ = {};
  may_be_hit_ = 0;
}

// -- statements that nobody waits for ---------------------------------------------------------------

bool driven_session::abandon(const caf::strong_actor_ptr& requester, call_id call) {
  const auto is_it = [&](const pool_job& job) { return job.requester == requester && job.call.value == call.value; };
  const auto found = std::find_if(under_way_.begin(), under_way_.end(),
                                  [&](const flying& each) { return is_it(*each.job); });
  if (found == under_way_.end()) {
    const auto left = std::find_if(left_.jobs.begin(), left_.jobs.end(), is_it);
    if (left == left_.jobs.end())
      return false;
    last_ones_ -= left_.jobs.end() - left <= last_ones_ ? 1 : 0;
    left_.jobs.erase(left);
    return true;
  }
  found->abandoned = true;
  if (!pipe_->commits() && all_abandoned()) // told to cancel then, a server may call committed what it has not replicated
    begin_cancelling();
  return true;
}

bool driven_session::cancel_overdue(std::chrono::milliseconds patience) {
  if (!busy_)
    return false;
  const auto now = clock::now();
  if (cancelling() && told_->load()) {
    told_.reset();
    may_be_hit_ = under_way_.size();
    look();
  } else if (cancelling() && now - telling_since_ > connect_timeout_) {
    shut();
  } else if (!cancelling() && !under_way_.empty() && now - progress_ > patience && !pipe_->commits()
             && (under_way_.front().abandoned || under_way_.size() > 1)) {
    // In front is what runs. It may wait for a lock that somebody holds whose statement waits behind it: nobody but us
    // could know. Unless it is abandoned it is run by itself then, where it holds up no others.
    begin_cancelling();
  }
  return cancelling() || under_way_.size() > 1
         || std::any_of(under_way_.begin(), under_way_.end(), [](const flying& each) { return each.abandoned; });
}

void driven_session::begin_cancelling() {
  if (cancelling())
    return;
  telling_since_ = clock::now();
  told_ = std::make_shared<std::atomic<bool>>(false);
  if (owner_.cancel(number_, told_)) {
    untold_since_.reset();
    return;
  }
  told_.reset();
  if (!untold_since_)
    untold_since_ = telling_since_;
  else if (all_abandoned() && telling_since_ - *untold_since_ > connect_timeout_)
    shut();
}

bool driven_session::all_abandoned() const {
  return std::all_of(under_way_.begin(), under_way_.end(), [](const flying& each) { return each.abandoned; });
}

void driven_session::shut() noexcept {
  if (!std::exchange(shut_, true))
    session_->interrupt();
}

std::optional<std::chrono::milliseconds> driven_session::give_up_if_silent(std::chrono::milliseconds patience) {
  const auto silent_for = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - progress_);
  if (!busy_ || shut_ || under_way_.empty() || silent_for <= patience
      || (pipe_->may_commit() && !all_abandoned()))
    return std::nullopt;
  shut();
  return silent_for;
}

holder_table::holder driven_session::holder() const {
  const auto since = [now = clock::now()](troupe::detail::steady_time then) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - then);
  };
  holder_table::holder out;
  out.has_it = since(since_);
  out.runs = since(progress_);
  if (!under_way_.empty()) {
    out.statement = under_way_.front().job->statement.sql;
    out.asked_by = under_way_.front().job->statement.asked_by;
  }
  return out;
}

} // namespace troupe::storage
