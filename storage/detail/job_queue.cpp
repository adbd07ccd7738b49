#include "storage/detail/job_queue.hpp"

#include <iterator>

namespace troupe::storage {

namespace {

template <class Sequence>
auto pop_front(Sequence& from) {
  auto first = std::move(from.front());
  from.pop_front();
  return first;
}

} // namespace

std::optional<job_queue::slot> job_queue::push(pool_job& job) {
  const std::lock_guard lock{mutex_};
  if (idle_.empty()) {
    waiting_.push_back(std::move(job));
    return std::nullopt;
  }
  const auto taker = idle_.back();
  idle_.pop_back();
  return taker;
}

std::optional<pool_job> job_queue::take(slot taker) {
  const std::lock_guard lock{mutex_};
  if (!waiting_.empty())
    return pop_front(waiting_);
  if (!closed_)
    idle_.push_back(taker);
  return std::nullopt;
}

std::vector<pool_job> job_queue::take_more(std::size_t most,
                                           const std::function<bool(const pool_job&)>& wanted) {
  const std::lock_guard lock{mutex_};
  std::vector<pool_job> out;
  while (out.size() < most && !waiting_.empty() && wanted(waiting_.front()))
    out.push_back(pop_front(waiting_));
  return out;
}

bool job_queue::put_back(pool_job& job) {
  const std::lock_guard lock{mutex_};
  if (closed_)
    return false;
  waiting_.push_front(std::move(job));
  return true;
}

std::optional<std::pair<job_queue::slot, pool_job>> job_queue::match() {
  const std::lock_guard lock{mutex_};
  if (idle_.empty() || waiting_.empty())
    return std::nullopt;
  const auto taker = idle_.back();
  idle_.pop_back();
  return std::pair{taker, pop_front(waiting_)};
}

void job_queue::remove(slot gone) {
  const std::lock_guard lock{mutex_};
  std::erase(idle_, gone);
}

std::vector<pool_job> job_queue::take_expired(troupe::detail::steady_time now) {
  const std::lock_guard lock{mutex_};
  std::vector<pool_job> out;
  while (!waiting_.empty() && waiting_.front().deadline <= now)
    out.push_back(pop_front(waiting_));
  return out;
}

std::optional<troupe::detail::steady_time> job_queue::next_deadline() {
  const std::lock_guard lock{mutex_};
  if (waiting_.empty())
    return std::nullopt;
  return waiting_.front().deadline;
}

std::vector<pool_job> job_queue::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  idle_.clear();
  std::vector<pool_job> out{std::make_move_iterator(waiting_.begin()),
                            std::make_move_iterator(waiting_.end())};
  waiting_.clear();
  return out;
}

job_queue::counts job_queue::count() {
  const std::lock_guard lock{mutex_};
  return {waiting_.size(), idle_.size()};
}

} // namespace troupe::storage
