#include "storage/sqlite/writer_gate.hpp"

#include "storage/sqlite/per_file.hpp"

namespace troupe::storage::sqlite {

std::shared_ptr<writer_gate> writer_gate::of(const std::string& path) {
  return of_file<writer_gate>(path);
}

bool writer_gate::enter(std::chrono::steady_clock::time_point until, const std::atomic<bool>& given_up) {
  std::unique_lock lock{mutex_};
  if (given_up)
    return false;
  if (!taken_) {
    taken_ = true;
    return true;
  }
  auto self = waiters_.emplace(waiters_.end());
  self->turn_came.wait_until(lock, until, [&] { return self->inside || given_up; });
  const bool inside = self->inside;
  if (inside)
    waiters_.pop_front(); // whoever lets one in leaves it at the front
  else
    waiters_.erase(self);
  return inside;
}

void writer_gate::look_again() {
  const std::lock_guard lock{mutex_};
  for (auto& each : waiters_)
    each.turn_came.notify_one();
}

void writer_gate::leave() {
  const std::lock_guard lock{mutex_};
  if (waiters_.empty()) {
    taken_ = false;
    return;
  }
  waiters_.front().inside = true;
  waiters_.front().turn_came.notify_one();
}

} // namespace troupe::storage::sqlite
