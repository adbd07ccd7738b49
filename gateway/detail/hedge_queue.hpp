#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace troupe::gateway {

/// Calls that another node gets as well, each at a time of its own, if it has not been answered by then. Those that have
/// been are not taken out: whoever takes a call looks whether it is still there. One thread.
class hedge_queue {
public:
  using time_point = std::chrono::steady_clock::time_point;

  void add(std::uint64_t call, time_point when) { waiting_.emplace(when, call); }

  /// The next one whose time has come, and is out of the queue then; none: there is none.
  [[nodiscard]] std::optional<std::uint64_t> next(time_point now) {
    if (waiting_.empty() || waiting_.top().first > now)
      return std::nullopt;
    const auto out = waiting_.top().second;
    waiting_.pop();
    return out;
  }

  /// When the next one's time comes; none: there is none.
  [[nodiscard]] std::optional<time_point> when() const {
    return waiting_.empty() ? std::nullopt : std::optional{waiting_.top().first};
  }

private:
  using entry = std::pair<time_point, std::uint64_t>;
  std::priority_queue<entry, std::vector<entry>, std::greater<>> waiting_;
};

} // namespace troupe::gateway
