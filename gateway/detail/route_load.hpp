#pragma once

#include "actors/messages/request.hpp"
#include "config/settings.hpp"
#include "gateway/detail/request_counts.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace troupe::gateway {

/// How much of one route is in work on one event loop, and what waits for its turn.
///
/// Each route has its own, as the routes of a service may wait for different things: a database that is
/// away must not take the others along. The limit of requests in work begins at the setting and adapts:
/// an answer that something is overloaded (503, 504) lowers it by a tenth, at most once in 100 ms, to no
/// less than 64;
/// requests that would have liked a place raise it again. What waits is shed as by CoDel: when the queue
/// has not been empty for an interval, whoever has waited longer than the target gets 503, so that those
/// behind him are served in time. Times are given, never asked for. One thread.
class route_load {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `settings` outlives it.
  explicit route_load(const config::http_settings& settings, request_counts counts = {}) noexcept;

  /// What has become of its requests, for who sees that.
  [[nodiscard]] request_counts& counts() noexcept { return counts_; }
  [[nodiscard]] const request_counts& counts() const noexcept { return counts_; }

  struct waiting {
    std::uint64_t call = 0;
    troupe::request what;
    time_point since;
  };

  /// A place for one more request, ahead of which nobody waits.
  [[nodiscard]] bool may_start() const noexcept { return in_work_ < limit_ && queue_.empty(); }
  void start() noexcept { ++in_work_; }
  /// One of them has ended; `overloaded`: because something had too much to do, or too late.
  void end(time_point now, bool overloaded) noexcept;

  /// Has it wait; false when too many do.
  bool enqueue(std::uint64_t call, troupe::request&& what, time_point now);
  /// The next one that has a place, and whether it has waited too long; none: none has.
  struct turn {
    waiting next;
    bool too_late = false;
  };
  std::optional<turn> next(time_point now);

  /// How an answer that took `cycles` compares to what is usual for the route, which it then is part of.
  float compare(std::uint64_t cycles) noexcept;

  /// When who is refused now might be served: whole seconds, 1 to 60.
  [[nodiscard]] unsigned retry_after() const noexcept;

  [[nodiscard]] std::size_t in_work() const noexcept { return in_work_; }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  [[nodiscard]] std::size_t queued() const noexcept { return queue_.size(); }

private:
  void count_answer(time_point now) noexcept;

  const config::http_settings& settings_;
  request_counts counts_;
  std::size_t in_work_ = 0;
  std::size_t limit_;
  std::size_t answers_at_limit_ = 0;
  float usual_cycles_ = 0; // 0: nothing is known
  std::deque<waiting> queue_;
  time_point last_empty_{};
  time_point last_lowered_{};
  time_point second_begun_{};
  std::uint32_t answers_of_second_ = 0;
  std::uint32_t answers_a_second_ = 0; // of the last whole one
};

} // namespace troupe::gateway
