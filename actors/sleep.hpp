#pragma once

#include "actors/detail/awaitable.hpp"
#include "actors/detail/suspended.hpp"
#include "actors/detail/timer.hpp"

#include <algorithm>
#include <chrono>

namespace troupe {

namespace detail {

class sleep_awaiter : public suspended {
public:
  explicit sleep_awaiter(steady_time until) noexcept : until_(until) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    if (until_ <= std::chrono::steady_clock::now()) // what is ready, timers and I/O come first
      resume_next_turn(*this);
    else
      alarm_.arm(current_timers(), until_,
                 [](void* self) { resume_soon(*static_cast<sleep_awaiter*>(self)); }, this);
  }
  void await_resume() const noexcept {}

private:
  steady_time until_;
  timer alarm_;
};

/// Moves on to the next tick when this one was taken, not when a wait for it is given up.
class tick_awaiter final : public sleep_awaiter {
public:
  tick_awaiter(steady_time& next, std::chrono::nanoseconds period) noexcept
    : sleep_awaiter(next), next_(next), period_(period) {}
  void await_resume() const noexcept {
    const auto late = std::chrono::steady_clock::now() - next_;
    next_ += std::max<std::chrono::nanoseconds>(late / period_ * period_, {}) + period_;
  }

private:
  steady_time& next_;
  std::chrono::nanoseconds period_;
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

/// Goes on at `when`, in the loop's next turn if that is past.
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
/// nobody waited are not made up for; the rhythm is kept. A wait that is given up, as the loser of a
/// race, costs no tick. It must outlive the waits for its ticks.
class interval {
public:
  /// The first tick is one period from now. At least a microsecond, at most ten years.
  template <class Rep, class Period>
  explicit interval(std::chrono::duration<Rep, Period> period)
    : period_(std::max<std::chrono::nanoseconds>(detail::bounded(period), std::chrono::microseconds{1})),
      next_(std::chrono::steady_clock::now() + period_) {}

  [[nodiscard]] auto tick() {
    return detail::operation<detail::tick_awaiter, detail::steady_time&, std::chrono::nanoseconds>{
      next_, std::chrono::nanoseconds{period_}};
  }

private:
  std::chrono::nanoseconds period_;
  std::chrono::steady_clock::time_point next_;
};

} // namespace troupe
