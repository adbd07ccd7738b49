#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace troupe::gateway {

/// Decides which requests a loop sheds that has more to do than it can.
///
/// What a loop can't get to waits in the sockets, where no queue of ours sees it. So the loop is asked
/// how long something that is put behind all that is ready takes to have its turn (its lag). While that
/// stays above the target, a growing share of requests is refused before it costs much; below it the
/// share shrinks. Times are given, never asked for. One thread.
class loop_pressure {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit loop_pressure(std::chrono::milliseconds target) noexcept : target_(target) {}

  /// Whether the lag is to be measured again now: not while it is, not more than each 10 ms.
  bool begin_measure(time_point now) noexcept;
  /// What was put behind everything else at `begin_measure` has its turn.
  void end_measure(time_point now) noexcept;

  /// Whether to shed the next request.
  [[nodiscard]] bool sheds() noexcept;

  [[nodiscard]] std::chrono::nanoseconds lag() const noexcept { return lag_; }
  /// When who is refused now might be served: whole seconds, 1 to 60.
  [[nodiscard]] unsigned retry_after() const noexcept;

private:
  std::chrono::nanoseconds target_;
  std::chrono::nanoseconds lag_{0};
  time_point begun_{};
  std::optional<time_point> late_since_; // the end of the first measure of those above the target without a break
  bool measuring_ = false;
  double share_ = 0;  // of the requests that are shed
  double carried_ = 0; // of the next one to be shed, so that the shed ones are spread evenly
};

} // namespace troupe::gateway
