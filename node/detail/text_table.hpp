#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::detail {

/// Aligned columns under their titles, for a terminal.
class text_table {
public:
  struct column {
    std::string title;
    bool right = false; // numbers
  };

  explicit text_table(std::vector<column> columns) : columns_(std::move(columns)) {}

  /// REQUIRES: a cell for each column. What a terminal would obey in them is shown as "?", nothing as "-".
  void add(std::vector<std::string> cells);

  /// Each line ends with a line feed.
  [[nodiscard]] std::string text() const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "9999", "12.3k", "4.5M".
std::string short_count(std::uint64_t count);

/// "350ms", "12.3s", "5m 03s", "2h 05m", "3d 04h".
std::string short_time(std::chrono::milliseconds time);

} // namespace troupe::detail
