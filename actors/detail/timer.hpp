#pragma once

#include <chrono>
#include <functional>
#include <map>

namespace troupe::detail {

class timer_queue;

using steady_time = std::chrono::steady_clock::time_point;

/// At most ten years, whatever the unit: no sum with a point in time overflows.
template <class Rep, class Period>
std::chrono::nanoseconds bounded(std::chrono::duration<Rep, Period> duration) noexcept {
  constexpr std::chrono::nanoseconds longest = std::chrono::hours{24 * 365 * 10};
  const auto roughly = std::chrono::duration_cast<std::chrono::duration<double>>(duration);
  if (roughly >= longest)
    return longest;
  if (roughly <= std::chrono::nanoseconds{0})
    return std::chrono::nanoseconds{0};
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration);
}

/// From now on.
template <class Rep, class Period>
steady_time after(std::chrono::duration<Rep, Period> duration) noexcept {
  return std::chrono::steady_clock::now() + bounded(duration);
}

/// Those of the loop whose thread this is.
timer_queue& current_timers() noexcept;

/// One deadline on an event loop. Belongs to one loop thread; destroying it disarms it.
class timer {
public:
  using callback = void (*)(void* owner);

  timer() = default;
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer() { disarm(); }

  /// Calls `fire(owner)` on the loop's thread at `when` or soon after; replaces an earlier arming.
  void arm(timer_queue& queue, steady_time when, callback fire, void* owner);

  /// Nothing happens when it is not armed.
  void disarm() noexcept;

  [[nodiscard]] bool armed() const noexcept { return queue_ != nullptr; }

  /// REQUIRES: armed().
  [[nodiscard]] steady_time when() const noexcept { return position_->first; }

private:
  friend class timer_queue;

  timer_queue* queue_ = nullptr;
  std::multimap<steady_time, timer*>::iterator position_;
  callback fire_ = nullptr;
  void* owner_ = nullptr;
};

/// The armed timers of one event loop, ordered by time. Touched by the loop's thread only.
class timer_queue {
public:
  /// `wake_at` is called when the earliest deadline becomes earlier than the last one announced.
  explicit timer_queue(std::function<void(steady_time)> wake_at) : wake_at_(std::move(wake_at)) {}
  timer_queue(const timer_queue&) = delete;
  timer_queue& operator=(const timer_queue&) = delete;
  ~timer_queue();

  /// Fires all that is due at `now` and announces the next deadline, if any.
  void run_due(steady_time now);

  [[nodiscard]] bool empty() const noexcept { return armed_.empty(); }

private:
  friend class timer;

  void announce(steady_time when);

  std::multimap<steady_time, timer*> armed_;
  std::function<void(steady_time)> wake_at_;
  steady_time announced_ = steady_time::max();
};

} // namespace troupe::detail
