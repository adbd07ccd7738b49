#include "actors/combine.hpp"

#include <fmt/format.h>

namespace troupe::detail {

std::string in_words(std::chrono::nanoseconds duration) {
  using namespace std::chrono;
  if (duration >= 1s && duration % 1s == 0ns)
    return fmt::format("{} s", duration / 1s);
  if (duration >= 1ms || duration <= 0ns)
    return fmt::format("{} ms", duration / 1ms);
  return fmt::format("{} us", duration / 1us);
}

} // namespace troupe::detail
