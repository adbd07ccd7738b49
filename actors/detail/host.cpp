#include "actors/detail/host.hpp"

#include "actors/detail/event_loop.hpp"

#include <spdlog/spdlog.h>

namespace troupe::detail {

timer_queue& host::timers() noexcept {
  return loop_.timers();
}

std::uint64_t host::expect(pending_reply& waiting) {
  waiting.id_ = ++last_id_;
  pending_.emplace(waiting.id_, &waiting);
  return waiting.id_;
}

void host::resolve(std::uint64_t id, reply&& value) {
  auto found = pending_.find(id);
  if (found == pending_.end()) {
    if (auto* held = std::get_if<held_connection>(&value))
      release_connection(*held); // the asker has gone
    return;
  }
  auto* waiting = found->second;
  pending_.erase(found);
  waiting->id_ = 0;
  waiting->value = std::move(value);
  waiting->handle.resume();
}

void host::keep(std::shared_ptr<spawned_base> spawned) {
  spawned_.insert(std::move(spawned));
}

void host::let_go(const std::shared_ptr<spawned_base>& spawned) {
  spawned_.erase(spawned);
  spawned->release_frame();
  // Whoever holds a handle will see the exception; without one the log is the only place.
  if (spawned.use_count() == 1)
    if (auto text = spawned->failure_text(); !text.empty())
      spdlog::error("a detached task failed: {}", text);
}

void host::cancel_all() noexcept {
  auto doomed = std::move(spawned_);
  spawned_.clear();
  for (const auto& spawned : doomed)
    spawned->cancel();
}

} // namespace troupe::detail
