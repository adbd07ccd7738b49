#include "storage/detail/holder_table.hpp"

#include "storage/detail/sql_text.hpp"

#include <algorithm>
#include <utility>

namespace troupe::storage {

namespace {

using clock = std::chrono::steady_clock;

/// Between the database actor and the connections no more can be on their way that are worth it.
constexpr std::size_t early_ones_kept = 256;
constexpr std::chrono::seconds early_ones_kept_for{5};

} // namespace

bool holder_table::begin(slot which, const caf::strong_actor_ptr& requester, call_id call,
                         const sql_statement& statement) {
  const auto verb = verb_of(statement.sql);
  const std::lock_guard lock{mutex_};
  auto& at = entries_[which];
  at.statement = &statement;
  at.commits = verb == sql_verb::commit;
  const bool is_asked_for = requester != nullptr; // and no plan
  at.changes_alone = is_asked_for && at.holder == nullptr && verb != sql_verb::reads;
  at.asked = {requester.get(), call.value};
  at.since = clock::now();
  ++at.run;
  at.given_up = at.silent = false;
  at.limits_itself = at.holder != nullptr && (at.limits_itself || may_set_statement_timeout(statement));
  while (!early_.empty() && at.since - early_.front().when > early_ones_kept_for)
    early_.pop_front();
  at.abandoned = std::erase_if(early_, [&](const early& each) { return each.what == at.asked; }) > 0;
  return !at.abandoned;
}

bool holder_table::end(slot which, std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  auto& at = entries_[which];
  const auto until = clock::now() + patience;
  told_.wait_until(lock, until, [&] { return !at.cancelling || at.given_up || !may_wait_; });
  at.statement = nullptr;
  at.abandoned = false;
  at.since = clock::now();
  const bool drops = std::exchange(at.cancelling, false) || at.silent;
  return !drops;
}

void holder_table::lend(slot which, const pool_job& job) {
  const std::lock_guard lock{mutex_};
  auto& at = entries_[which];
  at.holder = job.requester.get();
  at.holder_name = job.statement.asked_by;
  at.since = at.leased_since = clock::now();
}

void holder_table::take_back(slot which) {
  const std::lock_guard lock{mutex_};
  entries_[which].holder = nullptr;
  entries_[which].limits_itself = false;
}

std::optional<holder_table::target> holder_table::abandon(const caf::strong_actor_ptr& requester,
                                                          call_id call) {
  const request what{requester.get(), call.value};
  const std::lock_guard lock{mutex_};
  for (slot i = 0; i < entries_.size(); ++i) {
    auto& at = entries_[i];
    if (at.statement == nullptr || at.asked != what)
      continue;
    at.abandoned = true;
    at.abandoned_at = clock::now();
    return !at.commits && begin_cancelling(at) ? std::optional{target{i, at.run}} : std::nullopt;
  }
  early_.push_back({what, clock::now()});
  if (early_.size() > early_ones_kept)
    early_.pop_front();
  return std::nullopt;
}

/// False: it has begun.
bool holder_table::begin_cancelling(entry& at) {
  if (std::exchange(at.cancelling, true))
    return false;
  at.cancelling_since = clock::now();
  return true;
}

holder_table::overdue holder_table::take_overdue(std::chrono::milliseconds patience,
                                                 std::chrono::milliseconds patience_with_server) {
  const auto now = clock::now();
  overdue out;
  const std::lock_guard lock{mutex_};
  for (slot i = 0; i < entries_.size(); ++i) {
    auto& at = entries_[i];
    if (at.statement == nullptr || !at.abandoned || at.commits)
      continue;
    out.any_left = true; // it may have to be told again
    if (now - at.since > patience && begin_cancelling(at)) {
      out.to_cancel.push_back({i, at.run});
    } else if (at.cancelling && now - at.cancelling_since > patience_with_server && !at.given_up) {
      at.given_up = true;
      told_.notify_all();
      out.to_interrupt.push_back(i);
    }
  }
  return out;
}

std::vector<holder_table::silent> holder_table::take_silent(std::chrono::milliseconds patience) {
  const auto now = clock::now();
  std::vector<silent> out;
  const std::lock_guard lock{mutex_};
  for (slot i = 0; i < entries_.size(); ++i) {
    auto& at = entries_[i];
    const bool may_be_at_commit = at.commits || (at.changes_alone && !at.abandoned);
    const bool is_limited = at.statement != nullptr && !may_be_at_commit && !at.limits_itself;
    if (is_limited && now - at.since > patience && !std::exchange(at.silent, true))
      out.push_back({i, std::chrono::duration_cast<std::chrono::milliseconds>(now - at.since)});
  }
  return out;
}

bool holder_table::not_cancelled(target which, std::chrono::milliseconds patience) {
  bool gives_up = false;
  {
    const std::lock_guard lock{mutex_};
    auto& at = entries_[which.which];
    if (at.run != which.run)
      return false;
    gives_up = clock::now() - at.abandoned_at > patience;
    at.given_up = gives_up;
    at.cancelling = gives_up; // so that its end gives up the session
  }
  told_.notify_all();
  return gives_up;
}

void holder_table::cancelled(target which) {
  {
    const std::lock_guard lock{mutex_};
    auto& at = entries_[which.which];
    if (at.run != which.run)
      return; // it has long gone on, with another session
    at.cancelling = false;
  }
  told_.notify_all();
}

void holder_table::forget(slot which) {
  const std::lock_guard lock{mutex_};
  auto& at = entries_[which];
  const auto run = at.run;
  at = {};
  at.run = run;
}

void holder_table::stop_waiting() {
  {
    const std::lock_guard lock{mutex_};
    may_wait_ = false;
  }
  told_.notify_all();
}

std::vector<holder_table::holder> holder_table::holders() const {
  const auto since = [now = clock::now()](time_point then) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - then);
  };
  const std::lock_guard lock{mutex_};
  std::vector<holder> out;
  for (const auto& at : entries_) {
    if (at.holder == nullptr && at.statement == nullptr)
      continue;
    auto& made = out.emplace_back();
    made.leased = at.holder != nullptr;
    made.runs = since(at.since);
    made.has_it = made.leased ? since(at.leased_since) : made.runs;
    if (at.statement != nullptr)
      made.statement = at.statement->sql;
    made.asked_by = made.leased ? at.holder_name : at.statement->asked_by;
  }
  return out;
}

} // namespace troupe::storage
