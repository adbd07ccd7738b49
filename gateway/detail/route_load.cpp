#include "gateway/detail/route_load.hpp"

#include <algorithm>

namespace troupe::gateway {

namespace {

using namespace std::chrono_literals;

/// A queue that was empty within so long is one that drains.
constexpr auto interval = 1s;
constexpr auto lowered_at_most_each = 100ms;
/// Fewer in work overload nothing by their number: what refuses them is to say so itself.
constexpr std::size_t lowest_limit = 64;

} // namespace

route_load::route_load(const config::http_settings& settings, request_counts counts) noexcept
  : settings_(settings), counts_(std::move(counts)), limit_(settings.max_in_work) {}

void route_load::end(time_point now, bool overloaded) noexcept {
  const bool at_limit = in_work_ >= limit_ || !queue_.empty();
  const auto had = in_work_;
  --in_work_;
  count_answer(now);
  if (overloaded) {
    if (now - last_lowered_ >= lowered_at_most_each) {
      last_lowered_ = now;
      limit_ = std::min(limit_, std::max(lowest_limit, had * 9 / 10));
      answers_at_limit_ = 0;
    }
  } else if (at_limit && limit_ < settings_.max_in_work && ++answers_at_limit_ >= limit_) {
    answers_at_limit_ = 0;
    ++limit_;
  }
}

void route_load::count_answer(time_point now) noexcept {
  if (now - second_begun_ >= 1s) {
    answers_a_second_ = now - second_begun_ < 2s ? answers_of_second_ : 0;
    answers_of_second_ = 0;
    second_begun_ = now;
  }
  ++answers_of_second_;
}

float route_load::compare(std::uint64_t cycles) noexcept {
  const auto took = static_cast<float>(cycles) + 1;
  if (usual_cycles_ == 0)
    usual_cycles_ = took;
  const auto out = took / usual_cycles_;
  usual_cycles_ += (took - usual_cycles_) / 64;
  return out;
}

bool route_load::enqueue(std::uint64_t call, troupe::request&& what, time_point now) {
  if (queue_.size() >= settings_.max_queued)
    return false;
  if (queue_.empty())
    last_empty_ = now;
  queue_.push_back({call, std::move(what), now});
  return true;
}

std::optional<route_load::turn> route_load::next(time_point now) {
  if (queue_.empty())
    return std::nullopt;
  const bool standing = now - last_empty_ >= interval;
  const auto patience = standing ? settings_.queue_target
                                 : std::max<std::chrono::milliseconds>(settings_.queue_target, interval);
  const bool too_late = now - queue_.front().since > patience;
  if (!too_late && in_work_ >= limit_)
    return std::nullopt;
  turn out{std::move(queue_.front()), too_late};
  queue_.pop_front();
  if (queue_.empty())
    last_empty_ = now;
  return out;
}

unsigned route_load::retry_after() const noexcept {
  const auto rate = std::max<std::uint64_t>(answers_a_second_, 1);
  const auto ahead = queue_.size() + in_work_;
  return static_cast<unsigned>(std::clamp<std::uint64_t>((ahead + rate - 1) / rate, 1, 60));
}

} // namespace troupe::gateway
