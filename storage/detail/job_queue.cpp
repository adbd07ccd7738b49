#include "storage/detail/job_queue.hpp"

#include <algorithm>

namespace troupe::storage {

namespace {

std::unique_ptr<pool_job> pop_front(std::deque<std::unique_ptr<pool_job>>& from) {
  auto first = std::move(from.front());
  from.pop_front();
  return first;
}

} // namespace

std::optional<job_queue::slot> job_queue::push(pool_job& job) {
  const std::lock_guard lock{mutex_};
  if (idle_.empty() || !waiting_.empty()) {
    waiting_.push_back(std::make_unique<pool_job>(std::move(job)));
    return std::nullopt;
  }
  return take_warmest();
}

void job_queue::wait(pool_job& job) {
  const std::lock_guard lock{mutex_};
  waiting_.push_back(std::make_unique<pool_job>(std::move(job)));
}

job_queue::slot job_queue::take_warmest() {
  const auto out = idle_.back().which;
  idle_.pop_back();
  return out;
}

std::optional<pool_job> job_queue::take(slot taker) {
  const std::lock_guard lock{mutex_};
  if (!waiting_.empty())
    return std::move(*pop_front(waiting_));
  make_idle(taker, std::nullopt);
  return std::nullopt;
}

/// REQUIRES: the lock.
void job_queue::make_idle(slot which, std::optional<troupe::detail::steady_time> since) {
  if (closed_)
    return;
  const auto now = std::chrono::steady_clock::now();
  const idle_connection made{which, since.value_or(now), now};
  const auto place = std::upper_bound(idle_.begin(), idle_.end(), made,
                                      [](const auto& a, const auto& b) { return a.since < b.since; });
  idle_.insert(place, made);
}

job_queue::offer job_queue::take_unless(slot taker, const std::function<bool(const pool_job&)>& not_for_it,
                                        std::optional<troupe::detail::steady_time> since) {
  const std::lock_guard lock{mutex_};
  const bool any = !waiting_.empty();
  if (any && !not_for_it(*waiting_.front()))
    return {std::move(*pop_front(waiting_)), false};
  make_idle(taker, since);
  return {std::nullopt, any};
}

std::vector<std::unique_ptr<pool_job>> job_queue::take_more(std::size_t most,
                                                            const std::function<bool(const pool_job&)>& wanted) {
  const std::lock_guard lock{mutex_};
  std::vector<std::unique_ptr<pool_job>> out;
  out.reserve(std::min(most, waiting_.size()));
  while (out.size() < most && !waiting_.empty() && wanted(*waiting_.front()))
    out.push_back(pop_front(waiting_));
  return out;
}

bool job_queue::put_back(pool_job& job) {
  const std::lock_guard lock{mutex_};
  if (closed_)
    return false;
  waiting_.push_front(std::make_unique<pool_job>(std::move(job)));
  return true;
}

std::optional<std::pair<job_queue::slot, pool_job>> job_queue::match() {
  const std::lock_guard lock{mutex_};
  if (idle_.empty() || waiting_.empty())
    return std::nullopt;
  return std::pair{take_warmest(), std::move(*pop_front(waiting_))};
}

bool job_queue::remove(slot gone) {
  const std::lock_guard lock{mutex_};
  return std::erase_if(idle_, [gone](const idle_connection& each) { return each.which == gone; }) > 0;
}

std::vector<job_queue::slot> job_queue::take_idle(troupe::detail::steady_time limit, std::size_t most) {
  const std::lock_guard lock{mutex_};
  std::vector<slot> out;
  while (out.size() < most && !idle_.empty() && idle_.front().since < limit) {
    out.push_back(idle_.front().which);
    idle_.erase(idle_.begin());
  }
  return out;
}

std::optional<job_queue::idle_connection> job_queue::take_unknown(troupe::detail::steady_time limit) {
  const std::lock_guard lock{mutex_};
  const auto found = std::min_element(idle_.begin(), idle_.end(),
                                      [](const auto& a, const auto& b) { return a.known < b.known; });
  if (found == idle_.end() || found->known >= limit)
    return std::nullopt;
  const auto out = *found;
  idle_.erase(found);
  return out;
}

bool job_queue::drop(const caf::strong_actor_ptr& requester, call_id call) {
  const std::lock_guard lock{mutex_};
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& job) {
    return job->call.value == call.value && job->requester == requester;
  });
  if (found == waiting_.end())
    return false;
  waiting_.erase(found);
  return true;
}

std::vector<pool_job> job_queue::take_expired(troupe::detail::steady_time now) {
  const std::lock_guard lock{mutex_};
  std::vector<pool_job> out;
  while (!waiting_.empty() && waiting_.front()->deadline <= now)
    out.push_back(std::move(*pop_front(waiting_)));
  return out;
}

std::optional<troupe::detail::steady_time> job_queue::next_deadline() {
  const std::lock_guard lock{mutex_};
  if (waiting_.empty())
    return std::nullopt;
  return waiting_.front()->deadline;
}

std::vector<pool_job> job_queue::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  idle_.clear();
  std::vector<pool_job> out;
  while (!waiting_.empty())
    out.push_back(std::move(*pop_front(waiting_)));
  return out;
}

job_queue::counts job_queue::count() {
  const std::lock_guard lock{mutex_};
  return {waiting_.size(), idle_.size()};
}

} // namespace troupe::storage
