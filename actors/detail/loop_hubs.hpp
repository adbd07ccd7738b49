#pragma once

#include "actors/detail/suspended.hpp"

#include <atomic>

namespace troupe::detail {

/// One Hub for each event loop that has asked for one, found without a lock: a list that only grows.
///
/// A hub is made by its loop and used by it alone, but for what its own type says. REQUIRES of Hub: a
/// constructor that takes its event loop.
template <class Hub>
class loop_hubs {
public:
  loop_hubs() noexcept = default;
  loop_hubs(const loop_hubs&) = delete;
  loop_hubs& operator=(const loop_hubs&) = delete;
  ~loop_hubs() {
    for (auto* each = first_.load(); each != nullptr;) {
      auto* next = each->next;
      delete each;
      each = next;
    }
  }

  /// That of this thread's loop; made when it has none.
  Hub& own() {
    auto* here = current_event_loop();
    for (auto* each = first_.load(); each != nullptr; each = each->next)
      if (each->loop == here)
        return each->hub;
    auto* made = new node{here, Hub{*here}, nullptr};
    auto* before = first_.load();
    do {
      made->next = before;
    } while (!first_.compare_exchange_weak(before, made));
    return made->hub;
  }

  /// Calls `f(hub, loop)` for each. Any thread.
  template <class F>
  void for_each(F f) const {
    for (auto* each = first_.load(); each != nullptr; each = each->next)
      f(each->hub, *each->loop);
  }

private:
  struct node {
    event_loop* loop;
    Hub hub;
    node* next;
  };
  std::atomic<node*> first_{nullptr};
};

} // namespace troupe::detail
