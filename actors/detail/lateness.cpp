#include "actors/detail/lateness.hpp"

#include <algorithm>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::chrono::minutes remembered{1};

std::int64_t in_milliseconds(lateness_gauge::clock::time_point when) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
}

} // namespace

std::uint64_t sending_time() noexcept {
  return static_cast<std::uint64_t>(in_milliseconds(lateness_gauge::clock::now()));
}

std::chrono::milliseconds lateness_gauge::on_message(std::uint64_t sent_at, clock::time_point now) noexcept {
  // Wraps for a peer's nonsense, as unsigned numbers may.
  const auto under_way = static_cast<std::int64_t>(static_cast<std::uint64_t>(in_milliseconds(now)) - sent_at);
  if (begin_ == clock::time_point{} || now - begin_ > remembered) {
    const bool is_known = begin_ != clock::time_point{} && now - begin_ <= 2 * remembered; // clocks drift apart
    quickest_before_ = is_known ? quickest_ : under_way;
    quickest_ = under_way;
    begin_ = now;
  }
  quickest_ = std::min(quickest_, under_way);
  const auto quickest = std::min(quickest_, quickest_before_);
  const auto late = static_cast<std::uint64_t>(under_way) - static_cast<std::uint64_t>(quickest);
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::min(late, std::uint64_t{INT64_MAX}))};
}

} // namespace troupe::detail
