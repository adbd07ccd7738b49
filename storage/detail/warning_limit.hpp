#pragma once

#include "actors/detail/timer.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace troupe::storage {

/// Lets one warning a second through and counts the others. Any thread.
///
/// Why a lock: the pools of a database share it, each on its loop; it is taken when something has failed.
class warning_limit {
public:
  struct passed {
    std::size_t held_back = 0; ///< since the last one
    std::string untold;        ///< what is to be told with it; empty: nothing

    /// For the end of the line that passes.
    [[nodiscard]] std::string ending() const {
      return held_back == 0 ? "" : " (and " + std::to_string(held_back) + " lines held back)";
    }
  };

  /// None when this one is to be held back.
  std::optional<passed> pass(troupe::detail::steady_time now) {
    const std::lock_guard lock{mutex_};
    if (last_ && now - *last_ < std::chrono::seconds{1}) {
      ++waiting_.held_back;
      return std::nullopt;
    }
    last_ = now;
    return std::exchange(waiting_, {});
  }

  /// The next one that passes tells that, too, or what is kept after it.
  void keep(std::string line) {
    const std::lock_guard lock{mutex_};
    waiting_.untold = std::move(line);
  }

private:
  std::mutex mutex_;
  std::optional<troupe::detail::steady_time> last_;
  passed waiting_;
};

} // namespace troupe::storage
