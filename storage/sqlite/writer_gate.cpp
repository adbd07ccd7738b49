#include "storage/sqlite/writer_gate.hpp"

#include <filesystem>
#include <map>
#include <system_error>

namespace troupe::storage::sqlite {

std::shared_ptr<writer_gate> writer_gate::of(const std::string& path) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<writer_gate>> gates;
  std::error_code ignored;
  namespace fs = std::filesystem;
  auto canonical = fs::weakly_canonical(fs::absolute(path, ignored), ignored).string();
  const std::lock_guard lock{mutex};
  auto& known = gates[canonical.empty() ? path : canonical];
  auto gate = known.lock();
  if (!gate) {
    gate = std::make_shared<writer_gate>();
    known = gate;
  }
  return gate;
}

bool writer_gate::enter(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  if (!taken_) {
    taken_ = true;
    return true;
  }
  auto self = waiters_.emplace(waiters_.end());
  self->turn_came.wait_for(lock, patience, [&] { return self->inside; });
  const bool inside = self->inside;
  if (inside)
    waiters_.pop_front(); // whoever lets one in leaves it at the front
  else
    waiters_.erase(self);
  return inside;
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
