#pragma once

#include "actors/detail/door_ref.hpp"

#include <atomic>

namespace troupe::detail {

/// One Hub for each event loop that has asked for one, found without a lock: a list that only grows.
///
/// A hub is made by its loop and used by it alone, but for what its own type says. REQUIRES of Hub: a
/// default constructor.
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

  /// That of this thread's loop; made when it has none. REQUIRES: on a loop's thread.
  Hub& own() {
    if (auto* found = find())
      return *found;
    auto* made = new node{door_ref{current_door()}, Hub{}, nullptr};
    auto* newest = first_.load();
    do {
      made->next = newest;
    } while (!first_.compare_exchange_weak(newest, made));
    return made->hub;
  }

  /// The same; null when it has none.
  [[nodiscard]] Hub* find() const noexcept {
    for (auto* each = first_.load(); each != nullptr; each = each->next)
      if (each->loop.get() == current_door())
        return &each->hub;
    return nullptr;
  }

  /// Calls `f(hub, door of its loop)` for each. Any thread.
  template <class F>
  void for_each(F f) const {
    for (auto* each = first_.load(); each != nullptr; each = each->next)
      f(each->hub, *each->loop.get());
  }

private:
  struct node {
    door_ref loop;
    Hub hub;
    node* next;
  };
  std::atomic<node*> first_{nullptr};
};

} // namespace troupe::detail
