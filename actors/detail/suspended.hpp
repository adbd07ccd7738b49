#pragma once

#include <coroutine>

namespace troupe::detail {

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

  std::coroutine_handle<> handle;

protected:
  ~suspended() { unlink(); }

private:
  friend class wait_list;
  suspended* prev_ = this;
  suspended* next_ = this;
};

/// Coroutines in the order in which they began to wait.
class wait_list {
public:
  wait_list() noexcept = default;
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
/// REQUIRES: called on an event loop's thread.
void resume_soon(suspended& item);

} // namespace troupe::detail
