#pragma once

#include "actors/messages/database_figures.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace troupe::storage {

/// How often each statement of a pool has run, and for how long, by its text. Any thread.
///
/// Why a lock: all connections of the pool write it from their threads, after each run; it is held for some
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
  /// The same of several pools, as if it were one.
  [[nodiscard]] static std::vector<database_figures::statement>
  most_expensive(std::span<const std::shared_ptr<statement_statistics>> of, std::size_t most);

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

    entry& operator+=(const entry& other) noexcept;
  };
  using table = std::map<std::string, entry, std::less<>>;

  static entry& entry_of(const std::string& sql, table& in);
  void add_to(table& sum) const;
  static std::vector<database_figures::statement> list(const table& all, std::size_t most);
  static std::size_t place_of(std::chrono::nanoseconds time) noexcept;
  static std::chrono::microseconds quantile(const entry& of, double part);

  mutable std::mutex mutex_;
  table entries_;
};

} // namespace troupe::storage
