#include "actors/detail/span_queue.hpp"

#include <iterator>
#include <utility>

namespace troupe::detail {

void span_queue::add(span&& what) noexcept {
  bool is_batch = false;
  try {
    const std::lock_guard locked{guard_};
    if (waiting_.size() >= most_) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    waiting_.push_back(std::move(what));
    is_batch = waiting_.size() == batch_;
  } catch (...) { // no memory, which is no reason to end a node for a span
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  if (is_batch)
    changed_.notify_one();
}

std::vector<span> span_queue::take(std::chrono::milliseconds longest, const std::stop_token& stop) {
  std::unique_lock locked{guard_};
  changed_.wait_for(locked, stop, longest, [this] { return waiting_.size() >= batch_; });
  if (waiting_.size() <= batch_)
    return std::exchange(waiting_, {});
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(batch_);
  std::vector<span> out{std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end)};
  waiting_.erase(waiting_.begin(), end);
  return out;
}

span_queue::figures span_queue::count() const noexcept {
  return {exported_.load(std::memory_order_relaxed), dropped_.load(std::memory_order_relaxed),
          lost_.load(std::memory_order_relaxed)};
}

} // namespace troupe::detail
