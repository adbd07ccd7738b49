#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace troupe::storage {

/// Pauses between attempts to connect: 50 ms, doubling to at most 1 s, each shortened by up to a
/// half so that many nodes do not come back at the same moment.
class backoff {
public:
  [[nodiscard]] std::chrono::milliseconds next() {
    const auto full = pause_;
    pause_ = std::min(pause_ * 2, longest);
    std::uniform_int_distribution<std::chrono::milliseconds::rep> part{full.count() / 2,
                                                                       full.count()};
    return std::chrono::milliseconds{part(random_)};
  }

  void reset() noexcept { pause_ = shortest; }

private:
  static constexpr std::chrono::milliseconds shortest{50};
  static constexpr std::chrono::milliseconds longest{1'000};

  std::chrono::milliseconds pause_ = shortest;
  std::minstd_rand random_{std::random_device{}()};
};

} // namespace troupe::storage
