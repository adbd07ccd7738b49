#include "gateway/detail/node_record.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace troupe::gateway {

namespace {

using namespace std::chrono_literals;
using seconds = std::chrono::duration<float>;

constexpr unsigned failures_to_be_out = 5;
constexpr auto first_time_out = 5s;
constexpr unsigned longest_doubling = 4; // 80 s

/// One answer in so many counts. More for the first ones would send a node that had to warm up into exile.
constexpr float pace_weight = 1.0F / 16;
constexpr float fastest = 0.1F, slowest = 100;
/// Nodes that differ by less take turns.
constexpr float ordinary = 1.5F;
/// What is known of a node that is not asked loses half of its meaning in so long.
constexpr float pace_half_life = 5;
/// What a request of its own costs both ends and the way between, about.
constexpr std::uint32_t message_us = 100;
constexpr std::uint32_t most_in_message = 32;
/// What a new node gets at first, of the share of an old one.
constexpr float first_share = 0.25F;

} // namespace

void node_record::describe(std::uint32_t capacity, std::uint64_t limit, std::chrono::milliseconds slow_start,
                           time_point now) {
  capacity_ = static_cast<float>(std::max<std::uint32_t>(capacity, 1));
  limit_ = std::max<std::uint64_t>(limit, 1);
  slow_start_ = slow_start;
  since_ = now;
}

bool node_record::is_out(time_point now) const noexcept {
  return is_failing() && (probed_ || now < out_until_);
}

float node_record::pace(time_point now) const noexcept {
  const auto age = seconds{now - pace_at_}.count();
  return pace_ <= ordinary || age < 1 ? pace_ : 1 + (pace_ - 1) * std::exp2(-age / pace_half_life);
}

float node_record::cost(time_point now) const noexcept {
  const auto known = pace(now);
  const auto is_ordinary = known < ordinary && known > 1 / ordinary;
  const auto load = static_cast<float>(outstanding_ + 1) * (is_ordinary ? 1 : known) / capacity_;
  const auto age = now - since_;
  if (age >= slow_start_)
    return load;
  return load / (first_share + (1 - first_share) * (seconds{age} / seconds{slow_start_}));
}

unsigned node_record::most_at_once() const noexcept {
  return work_us_ == 0 ? 1 : std::clamp(message_us / work_us_, 1U, most_in_message);
}

bool node_record::judge(outcome how, time_point now) noexcept {
  const auto was_probe = std::exchange(probed_, false);
  if (how == outcome::given_up || how == outcome::overtaken)
    return false;
  if (how == outcome::answered) {
    failures_ = times_out_ = 0;
    out_until_ = {};
    return false;
  }
  if (++failures_ < failures_to_be_out || (is_failing() && !was_probe))
    return false; // the latter: it was sent before
  out_until_ = now + first_time_out * (1U << std::min(times_out_++, longest_doubling));
  return true;
}

void node_record::learn_pace(float ratio, time_point now) noexcept {
  const auto known = pace(now);
  pace_ = known + (std::clamp(ratio, fastest, slowest) - known) * pace_weight;
  pace_at_ = now;
}

} // namespace troupe::gateway
