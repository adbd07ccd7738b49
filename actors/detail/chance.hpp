#pragma once

#include <chrono>
#include <cstdint>

namespace troupe::detail {

/// A time between the two, by chance, so that many who wait for the same do not come back at the same moment.
/// Any thread. REQUIRES: least <= most.
[[nodiscard]] std::chrono::milliseconds by_chance(std::chrono::milliseconds least,
                                                  std::chrono::milliseconds most);

/// From the system's own source: for what must not be guessed or met twice. Any thread.
[[nodiscard]] std::uint64_t random_number();

} // namespace troupe::detail
