#include "gateway/detail/loop_pressure.hpp"

#include <algorithm>

namespace troupe::gateway {

namespace {

using namespace std::chrono_literals;

constexpr auto measured_at_most_each = 10ms;
/// A peak that is over sooner is none of our business.
constexpr auto peak_patience = 500ms;
constexpr double most = 0.95;
// Of what is in excess, for each second that it has lasted.
constexpr double growth = 0.5;
constexpr double shrinkage = 0.5;

} // namespace

bool loop_pressure::begin_measure(time_point now) noexcept {
  if (measuring_ || now - begun_ < measured_at_most_each)
    return false;
  if (const auto silence = now - begun_ - lag_; silence > peak_patience) { // it had little to do meanwhile
    late_since_.reset();
    share_ = std::max(0.0, share_ - shrinkage * std::chrono::duration<double>(silence).count());
  }
  measuring_ = true;
  begun_ = now;
  return true;
}

void loop_pressure::end_measure(time_point now) noexcept {
  measuring_ = false;
  lag_ = now - begun_;
  const auto seconds = std::min(std::chrono::duration<double>(std::max<std::chrono::nanoseconds>(
                                  lag_, measured_at_most_each)).count(), 1.0);
  if (lag_ <= target_) {
    late_since_.reset();
    share_ = std::max(0.0, share_ - shrinkage * seconds);
    return;
  }
  // From when on it was known: one measure alone, however long, is a process that was stopped for a while.
  if (!late_since_)
    late_since_ = now;
  if (now - *late_since_ < peak_patience)
    return;
  const auto excess = std::min(2.0, static_cast<double>(lag_.count())
                                      / static_cast<double>(target_.count()) - 1.0);
  share_ = std::min(most, share_ + growth * excess * seconds);
}

bool loop_pressure::sheds() noexcept {
  if (share_ <= 0)
    return false;
  carried_ += share_;
  if (carried_ < 1)
    return false;
  carried_ -= 1;
  return true;
}

unsigned loop_pressure::retry_after() const noexcept {
  return static_cast<unsigned>(
    std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(lag_).count(), 1, 60));
}

} // namespace troupe::gateway
