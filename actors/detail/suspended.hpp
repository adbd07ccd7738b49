#pragma once

#include "actors/detail/activity.hpp"

#include <coroutine>

namespace troupe::detail {

class event_loop;

/// A coroutine that waits, as a link of whatever will resume it: a wait list or, once what it
/// waited for has come, its loop's list of ready coroutines.
///
/// Lives in the coroutine's frame (awaiters derive from it), so destroying the frame takes it out
/// of its list and nothing resumes it later. Touched by one loop's thread only.
class suspended {
public:
  suspended() noexcept = default;
  suspended(const suspended&) = delete;
  suspended& operator=(const suspended&) = delete;

  void unlink() noexcept {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

  [[nodiscard]] bool linked() const noexcept { return next_ != this; }

  /// For await_suspend: what to resume, and on whose behalf it runs.
  void park(std::coroutine_handle<> waiting) noexcept;

protected:
  ~suspended() { unlink(); }

  /// For what goes on with the coroutine at once instead of leaving that to the loop.
  [[nodiscard]] std::coroutine_handle<> take_handle() noexcept {
    unlink();
    return handle_;
  }

private:
  friend class wait_list;
  friend class event_loop;
  suspended* prev_ = this;
  suspended* next_ = this;
  std::coroutine_handle<> handle_;
  activity* behalf_ = nullptr;
};

/// Coroutines in the order in which they began to wait.
class wait_list {
public:
  wait_list() noexcept = default;
  wait_list(const wait_list&) = delete;
  wait_list& operator=(const wait_list&) = delete;
  ~wait_list() {
    while (!empty())
      pop_front();
  }

  [[nodiscard]] bool empty() const noexcept { return !head_.linked(); }

  void push_back(suspended& item) noexcept {
    item.unlink();
    item.prev_ = head_.prev_;
    item.next_ = &head_;
    head_.prev_->next_ = &item;
    head_.prev_ = &item;
  }

  /// Takes over all of `other`, behind its own.
  void append(wait_list& other) noexcept {
    if (other.empty())
      return;
    auto* first = other.head_.next_;
    auto* last = other.head_.prev_;
    other.head_.prev_ = other.head_.next_ = &other.head_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
  }

  /// REQUIRES: !empty().
  [[nodiscard]] suspended& front() noexcept { return *head_.next_; }

  /// REQUIRES: !empty().
  suspended& pop_front() noexcept {
    auto& first = *head_.next_;
    first.unlink();
    return first;
  }

  /// All of them become ready, in order.
  void wake_all();
  /// The first one, if any, becomes ready.
  void wake_one();

private:
  struct list_head : suspended {
    ~list_head() = default;
  };
  list_head head_;
};

/// Resumes `item` after the code that runs now has returned to its loop.
/// REQUIRES: called on an event loop's thread, the one that `item` belongs to.
void resume_soon(suspended& item);

/// The same in the loop's next turn, after the I/O that is due.
void resume_next_turn(suspended& item);

/// Takes one from the share of ready operations of the code that runs now; false when it is used up:
/// it should wait for the next turn, so that it cannot keep others from running.
bool spend_operation() noexcept;

/// The loop whose thread this is, or null.
event_loop* current_event_loop() noexcept;

} // namespace troupe::detail
