#pragma once

#include "actors/detail/timer.hpp"

#include <cstddef>
#include <optional>
#include <utility>

namespace troupe::storage {

/// Lets one warning a second through and counts the others.
class warning_limit {
public:
  /// How many were held back since the last one; none when this one is to be held back, too.
  std::optional<std::size_t> pass(troupe::detail::steady_time now) {
    if (last_ && now - *last_ < std::chrono::seconds{1}) {
      ++held_back_;
      return std::nullopt;
    }
    last_ = now;
    return std::exchange(held_back_, 0);
  }

private:
  std::optional<troupe::detail::steady_time> last_;
  std::size_t held_back_ = 0;
};

} // namespace troupe::storage
