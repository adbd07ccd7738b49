#include "node/detail/watchdog.hpp"

#include "actors/detail/cycle_clock.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/log.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::detail {

namespace {

constexpr std::chrono::milliseconds period{1'000};

} // namespace

watchdog::watchdog(std::vector<event_loop*> loops, std::chrono::milliseconds limit)
  : loops_(std::move(loops)), limit_(std::max(limit, period)), thread_([this] { run(); }) {}

watchdog::~watchdog() {
  {
    const std::lock_guard locked{guard_};
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void watchdog::run() {
  std::vector<seen> before(loops_.size());
  std::unique_lock locked{guard_};
  while (!wake_.wait_for(locked, period, [this] { return ending_; }))
    for (std::size_t i = 0; i < loops_.size(); ++i)
      look(*loops_[i], before[i]);
}

void watchdog::look(event_loop& at, seen& before) const {
  const auto now = at.at_present();
  if (now.since != before.since)
    before = {now.since, limit_};
  if (now.since == 0)
    return;
  // Signed: the counter may be read before `since` is, which can be of another moment.
  const auto cycles = static_cast<std::int64_t>(cycle_count() - now.since);
  const auto us = static_cast<double>(cycles) / cycles_per_microsecond();
  const std::chrono::milliseconds held{static_cast<std::int64_t>(us / 1000)};
  if (held < before.next_report)
    return;
  before.next_report = 2 * held; // a line for each doubling
  spdlog::warn(with_fields(
    fmt::format("{} holds event loop {} for {} s and has not returned: nothing else runs on it",
                now.label != nullptr ? *now.label : "a task", at.index(), held.count() / 1000),
    {{"loop", std::to_string(at.index())}, {"held_ms", std::to_string(held.count())}}));
}

} // namespace troupe::detail
