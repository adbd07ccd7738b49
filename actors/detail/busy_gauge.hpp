#pragma once

#include "actors/detail/cycle_clock.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace troupe::detail {

/// How long an event loop is busy for one request, of late: what whoever is behind it waits. Requests that wait for
/// something else keep nobody waiting, so they count only until they wait. One thread.
class busy_gauge {
public:
  /// So many requests were begun, which took `cycles` (as `cycle_count` has them).
  void learn(std::size_t requests, std::uint64_t cycles) noexcept {
    const auto each = static_cast<float>(cycles) / static_cast<float>(requests);
    // A thread that was not run for a while tells little of its requests.
    cycles_ = cycles_ == 0 ? each : cycles_ + (std::min(each, most_at_once * cycles_) - cycles_) / weight;
  }

  /// Rounded up; 0: nothing is known.
  [[nodiscard]] std::uint32_t microseconds() const noexcept {
    if (cycles_ == 0)
      return 0;
    return 1 + static_cast<std::uint32_t>(std::min(cycles_ / static_cast<float>(cycles_per_microsecond()), 1e9F));
  }

private:
  static constexpr float most_at_once = 4;
  static constexpr float weight = 8;
  float cycles_ = 0;
};

} // namespace troupe::detail
