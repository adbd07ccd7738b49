#include "actors/detail/cycle_clock.hpp"

namespace troupe::detail {

namespace {

double measure() noexcept {
  using namespace std::chrono;
  const auto begun = steady_clock::now();
  const auto first = cycle_count();
  auto now = begun;
  while (now - begun < 1ms)
    now = steady_clock::now();
  const auto counted = static_cast<double>(cycle_count() - first);
  const auto rate = counted / duration<double, std::micro>(now - begun).count();
  return rate > 0 ? rate : 1000;
}

} // namespace

double cycles_per_microsecond() noexcept {
  static const double rate = measure();
  return rate;
}

} // namespace troupe::detail
