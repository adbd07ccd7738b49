#pragma once

#include <chrono>
#include <cstdint>

namespace troupe::gateway {

/// What one event loop knows of a node: how much it has there, how fast it answers, whether it fails.
///
///     in use --- 5 failures in a row ---> out --- its time is over ---> probed by one request
///       ^                                  ^                                  |
///       +------- it was answered ----------+---- it failed: twice the time ---+
///
/// A failure is an answer of 502, 503 or 504, or none in time. Times are given, never asked for. One thread.
class node_record {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `capacity`: its event loops. `limit`: requests that it takes from this loop at once. A node that came while
  /// others were there gets its share bit by bit, within `slow_start` from `now`.
  void describe(std::uint32_t capacity, std::uint64_t limit, std::chrono::milliseconds slow_start, time_point now);

  [[nodiscard]] std::uint64_t outstanding() const noexcept { return outstanding_; }
  [[nodiscard]] std::uint64_t answered() const noexcept { return answered_; }
  [[nodiscard]] bool has_room() const noexcept { return outstanding_ < limit_; }
  /// It has failed too often of late, or is being probed.
  [[nodiscard]] bool is_out(time_point now) const noexcept;
  [[nodiscard]] bool is_failing() const noexcept { return out_until_ != time_point{}; }

  /// What it would cost to ask it: requests in work there and this one, for each event loop, in units of how long
  /// others take for the same.
  [[nodiscard]] float cost(time_point now) const noexcept;

  /// Requests that may go to it in one message: as many as keep the last one of them waiting for no longer than it
  /// takes to send it by itself. At least 1.
  [[nodiscard]] unsigned most_at_once() const noexcept;

  /// `given_up`: nobody wanted the answer any more, which tells nothing of the node. `overtaken`: nor after another
  /// node's answer, which tells how long it has taken at least.
  enum class outcome : std::uint8_t { answered, failed, timed_out, given_up, overtaken };

  void begin() noexcept {
    ++outstanding_;
    probed_ = is_failing();
  }
  /// True when that takes it out.
  bool end(outcome how, time_point now) noexcept {
    --outstanding_;
    answered_ += how == outcome::answered || how == outcome::failed ? 1 : 0;
    if (how == outcome::answered && failures_ == 0 && !is_failing())
      return false; // nothing to be told
    return judge(how, now);
  }
  /// It has begun to answer; what follows may take any time.
  void answer_begun(time_point now) noexcept {
    if (failures_ != 0 || is_failing())
      judge(outcome::answered, now);
  }
  /// One of its loops is busy for so many microseconds with a request; 0: not known.
  void learn_work(std::uint32_t microseconds) noexcept { work_us_ = microseconds; }
  /// An answer took `ratio` times what is usual for its route.
  void learn_pace(float ratio, time_point now) noexcept;

private:
  [[nodiscard]] float pace(time_point now) const noexcept;
  bool judge(outcome how, time_point now) noexcept;

  std::uint64_t outstanding_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t limit_ = UINT64_MAX;
  float capacity_ = 1;
  float pace_ = 1;
  std::uint32_t work_us_ = 0;
  time_point pace_at_{};
  std::chrono::milliseconds slow_start_{0};
  time_point since_{};
  unsigned failures_ = 0; // in a row
  unsigned times_out_ = 0; // since it was well
  time_point out_until_{}; // none: it is in use
  bool probed_ = false;
};

} // namespace troupe::gateway
