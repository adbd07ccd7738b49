#pragma once

#include "actors/detail/chance.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::storage {

/// Pauses between attempts to connect: 50 ms, doubling to at most 1 s, each shortened by up to a
/// half so that many nodes do not come back at the same moment.
class backoff {
public:
  [[nodiscard]] std::chrono::milliseconds next() {
    const auto full = pause_;
    pause_ = std::min(pause_ * 2, longest);
    return troupe::detail::by_chance(full / 2, full);
  }

  void reset() noexcept { pause_ = shortest; }

private:
  static constexpr std::chrono::milliseconds shortest{50};
  static constexpr std::chrono::milliseconds longest{1'000};

  std::chrono::milliseconds pause_ = shortest;
};

} // namespace troupe::storage
