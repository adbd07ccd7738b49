#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe::gateway {

/// How long things took, counted in buckets whose bounds double: 64 us, 128 us, ... 33.6 s, and all that is
/// longer. The bucket is found without a search. Plain memory: one thread.
class latency_histogram {
public:
  static constexpr std::size_t bucket_count = 21;

  /// The first bucket whose bound is not below `took`.
  static constexpr std::size_t bucket_of(std::chrono::nanoseconds took) noexcept {
    const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count() + 999, 1000)) / 1000;
    const auto power = static_cast<std::size_t>(std::bit_width(micros - 1)); // the least with 2^power >= micros
    return std::min(power - std::min(power, first_power), bucket_count - 1);
  }

  /// REQUIRES: not the last bucket, which has none.
  static constexpr std::chrono::microseconds bound_of(std::size_t bucket) noexcept {
    return std::chrono::microseconds{std::int64_t{1} << (bucket + first_power)};
  }

  void add(std::chrono::nanoseconds took) noexcept {
    ++counts_[bucket_of(took)];
    sum_ += took;
  }

  latency_histogram& operator+=(const latency_histogram& other) noexcept {
    for (std::size_t i = 0; i < bucket_count; ++i)
      counts_[i] += other.counts_[i];
    sum_ += other.sum_;
    return *this;
  }

  /// Of this bucket alone.
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket]; }
  [[nodiscard]] std::chrono::nanoseconds sum() const noexcept { return sum_; }

private:
  static constexpr std::size_t first_power = 6;

  std::array<std::uint64_t, bucket_count> counts_{};
  std::chrono::nanoseconds sum_{0};
};

} // namespace troupe::gateway
