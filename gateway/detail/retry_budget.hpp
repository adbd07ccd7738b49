#pragma once

#include <algorithm>
#include <cstdint>

namespace troupe::gateway {

/// How many requests may be sent once more: a tenth of all, so that repetition cannot multiply the load of nodes
/// that fail, and at least some hundred at once, as a node may be lost that had as many. One thread.
class retry_budget {
public:
  void count_request() noexcept { tenths_ = std::min(tenths_ + 1, full); }

  [[nodiscard]] bool take() noexcept {
    if (tenths_ < price)
      return false;
    tenths_ -= price;
    return true;
  }

private:
  static constexpr std::uint32_t price = 10;
  static constexpr std::uint32_t full = 500 * price;

  std::uint32_t tenths_ = full;
};

} // namespace troupe::gateway
