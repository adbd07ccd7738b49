#include "actors/detail/timer.hpp"

namespace troupe::detail {

void timer::arm(timer_queue& queue, steady_time when, callback fire, void* owner) {
  fire_ = fire;
  owner_ = owner;
  if (queue_ == &queue) {
    // Re-arming is the common case (idle connections): move the node, allocate nothing.
    auto node = queue.armed_.extract(position_);
    node.key() = when;
    position_ = queue.armed_.insert(std::move(node));
  } else {
    disarm();
    position_ = queue.armed_.emplace(when, this);
    queue_ = &queue;
  }
  queue.announce(when);
}

void timer::disarm() noexcept {
  if (queue_ == nullptr)
    return;
  queue_->armed_.erase(position_);
  queue_ = nullptr;
}

timer_queue::~timer_queue() {
  for (auto& [when, armed] : armed_)
    armed->queue_ = nullptr;
}

void timer_queue::run_due(steady_time now) {
  announced_ = steady_time::max();
  while (!armed_.empty() && armed_.begin()->first <= now) {
    auto* due = armed_.begin()->second;
    due->disarm();
    due->fire_(due->owner_); // may arm, disarm or destroy any timer, this one too
  }
  if (!armed_.empty())
    announce(armed_.begin()->first);
}

void timer_queue::announce(steady_time when) {
  if (when >= announced_)
    return;
  announced_ = when;
  wake_at_(when);
}

} // namespace troupe::detail
