#pragma once

#include "actors/messages/database_figures.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace troupe::storage {

/// How often each statement has run, and for how long, by its text. Any thread.
///
/// Why a lock: all connections of a pool write it from their threads, after each run; it is held for some
/// additions.
class statement_statistics {
public:
  /// What is said of one run.
  struct run {
    const std::string* sql;
    std::size_t rows; ///< in its result, or changed
    bool failed;
  };

  /// `runs` went to the database together, and were back after `took`.
  void add(std::span<const run> runs, std::chrono::nanoseconds took);

  /// Those with the most time in total, the largest first.
  [[nodiscard]] std::vector<database_figures::statement> most_expensive(std::size_t most) const;

  /// How many are told apart; further ones are counted together.
  static constexpr std::size_t most_statements = 500;

private:
  /// Counts of times by powers of two of a microsecond, and quarters of these.
  using histogram = std::array<std::uint64_t, 4 * 40>;

  struct entry {
    std::uint64_t count = 0;
    std::uint64_t failures = 0;
    std::uint64_t rows = 0;
    std::uint64_t batches = 0;
    std::chrono::nanoseconds longest{0};
    std::chrono::nanoseconds total{0};
    histogram times{};
  };

  entry& entry_of(const std::string& sql);
  static std::size_t place_of(std::chrono::nanoseconds time) noexcept;
  static std::chrono::microseconds quantile(const entry& of, double part);

  mutable std::mutex mutex_;
  std::map<std::string, entry, std::less<>> entries_;
};

} // namespace troupe::storage
