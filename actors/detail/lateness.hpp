#pragma once

#include <chrono>
#include <cstdint>

namespace troupe::detail {

/// For `sent_at` of messages to other nodes, in milliseconds.
std::uint64_t sending_time() noexcept;

/// How much longer each message of one sender has been under way than the quickest of the last one to two minutes: their
/// clocks need not agree, only run alike for that long.
class lateness_gauge {
public:
  using clock = std::chrono::steady_clock;

  std::chrono::milliseconds on_message(std::uint64_t sent_at, clock::time_point now) noexcept;

private:
  std::int64_t quickest_ = 0;        // since begin_, by both clocks: what they differ by is in it
  std::int64_t quickest_before_ = 0; // in the time before
  clock::time_point begin_{};
};

} // namespace troupe::detail
