#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace troupe::detail {

/// A counter of some constant rate that is cheaper to read than the clock: to notice what took long,
/// not to say how long.
inline std::uint64_t cycle_count() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#elif defined(__aarch64__)
  std::uint64_t value = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(value));
  return value;
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

/// The steady clock at the kernel's last tick, some milliseconds ago at most: for time limits that are much
/// longer. A fifth of the price.
inline std::chrono::steady_clock::time_point coarse_now() noexcept {
  std::timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::steady_clock::time_point{std::chrono::seconds{now.tv_sec}
                                               + std::chrono::nanoseconds{now.tv_nsec}};
}

/// Counts of cycle_count() in a microsecond; measured once, at the first call (about a millisecond).
double cycles_per_microsecond() noexcept;

/// For a loop that waits for another thread's next word.
inline void cpu_relax() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

} // namespace troupe::detail
