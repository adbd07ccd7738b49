#pragma once

#include <cstdint>

namespace troupe::detail {

/// The finaliser of splitmix64: each bit of `x` changes each bit of the result.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

} // namespace troupe::detail
