#pragma once

#include "actors/detail/span.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <vector>

namespace troupe::detail {

/// The spans of a node on their way to who exports them. Any thread.
///
/// Who adds one never waits for the exporter: the lock is held for a move or a swap, and what finds the queue full
/// is dropped and counted.
class span_queue {
public:
  explicit span_queue(std::size_t most = 4096, std::size_t batch = 512) : most_(most), batch_(batch) {}

  void add(span&& what) noexcept;

  /// The oldest ones, a batch at most. Waits until there are so many, `longest` has passed or `stop` is asked for.
  std::vector<span> take(std::chrono::milliseconds longest, const std::stop_token& stop);

  /// What has become of those taken.
  void count_exported(std::size_t count) noexcept { exported_.fetch_add(count, std::memory_order_relaxed); }
  void count_lost(std::size_t count) noexcept { lost_.fetch_add(count, std::memory_order_relaxed); }

  struct figures {
    std::uint64_t exported = 0;
    std::uint64_t dropped = 0; ///< the queue was full
    std::uint64_t lost = 0;    ///< could not be exported
  };
  [[nodiscard]] figures count() const noexcept;

private:
  const std::size_t most_;
  const std::size_t batch_;
  std::mutex guard_;
  std::condition_variable_any changed_;
  std::vector<span> waiting_;
  std::atomic<std::uint64_t> exported_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> lost_{0};
};

} // namespace troupe::detail
