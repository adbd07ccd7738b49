#include "actors/detail/chance.hpp"

#include <random>

namespace troupe::detail {

std::chrono::milliseconds by_chance(std::chrono::milliseconds least, std::chrono::milliseconds most) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::chrono::milliseconds::rep> between{least.count(), most.count()};
  return std::chrono::milliseconds{between(random)};
}

std::uint64_t random_number() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

} // namespace troupe::detail
