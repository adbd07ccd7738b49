#pragma once

#include "tests/support/deadline.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// The lines that a process has written so far. Thread-safe.
class line_log {
public:
  using predicate = std::function<bool(const std::string& line)>;

  void append(std::string line);
  /// No line will follow.
  void close();

  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] std::size_t size() const;
  /// All lines, each with its line feed.
  [[nodiscard]] std::string text() const;

  /// The first line from number `from` on that `matches`; waits for it until `limit` (scaled) has
  /// passed or the log is closed.
  std::optional<std::string> wait_for(const predicate& matches, milliseconds limit = soon,
                                      std::size_t from = 0) const;

  /// False when it was still open after `limit` (scaled).
  bool wait_until_closed(milliseconds limit = soon) const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> lines_;
  bool closed_ = false;
};

} // namespace troupe::test
