#pragma once

#include "actors/detail/awaitable.hpp"
#include "actors/detail/suspended.hpp"
#include "actors/detail/timer.hpp"

#include <chrono>

namespace troupe {

namespace detail {

class sleep_awaiter final : public suspended {
public:
  explicit sleep_awaiter(steady_time until) noexcept : until_(until) {}
  bool await_ready() noexcept {
    over_ = until_ <= std::chrono::steady_clock::now();
    return over_ && spend_operation();
  }
  void await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    if (over_) { // its share is used up
      resume_next_turn(*this);
      return;
    }
    alarm_.arm(current_timers(), until_,
               [](void* self) { resume_soon(*static_cast<sleep_awaiter*>(self)); }, this);
  }
  void await_resume() const noexcept {}

private:
  steady_time until_;
  timer alarm_;
  bool over_ = false;
};

class yield_awaiter final : public suspended {
public:
  yield_awaiter() noexcept {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    resume_next_turn(*this);
  }
  void await_resume() const noexcept {}
};

} // namespace detail

// All of these are for coroutines that run on an event loop.

/// Goes on at once when `when` is past.
[[nodiscard]] inline auto sleep_until(std::chrono::steady_clock::time_point when) {
  return detail::operation<detail::sleep_awaiter, detail::steady_time>{when};
}

/// `co_await sleep(100ms)`; no thread waits. Longer than ten years is ten years.
template <class Rep, class Period>
[[nodiscard]] auto sleep(std::chrono::duration<Rep, Period> duration) {
  return sleep_until(detail::after(duration));
}

/// Lets everything else run that is ready, I/O included.
[[nodiscard]] inline auto yield() {
  return detail::operation<detail::yield_awaiter>{};
}

/// Ticks with a period: `co_await ticks.tick()` waits for the next one. Ticks that were missed while
/// nobody waited are not made up for; the rhythm is kept.
class interval {
public:
  /// The first tick is one period from now. At least a microsecond.
  explicit interval(std::chrono::nanoseconds period)
    : period_(std::max<std::chrono::nanoseconds>(period, std::chrono::microseconds{1})),
      next_(std::chrono::steady_clock::now() + period_) {}

  [[nodiscard]] auto tick() {
    const auto now = std::chrono::steady_clock::now();
    if (next_ + period_ <= now)
      next_ += (now - next_) / period_ * period_;
    const auto due = next_;
    next_ += period_;
    return sleep_until(due);
  }

private:
  std::chrono::nanoseconds period_;
  std::chrono::steady_clock::time_point next_;
};

} // namespace troupe
