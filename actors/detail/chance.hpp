#pragma once

#include <chrono>

namespace troupe::detail {

/// A time between the two, by chance, so that many who wait for the same do not come back at the same moment.
/// Any thread. REQUIRES: least <= most.
[[nodiscard]] std::chrono::milliseconds by_chance(std::chrono::milliseconds least,
                                                  std::chrono::milliseconds most);

} // namespace troupe::detail
