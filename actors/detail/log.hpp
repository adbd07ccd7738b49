#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::detail {

/// Separates a log message from its fields; the log's formatter takes it apart again.
inline constexpr char field_separator = '\x1f';

/// `message` with named values that stand apart in the log: own keys in JSON, "key=value" in text.
std::string with_fields(std::string_view message,
                        std::initializer_list<std::pair<std::string_view, std::string>> fields);

/// A file descriptor that lines of a log go to. A write never waits. Any thread.
class log_output {
public:
  /// `target` stays the caller's, and open as long as this lives.
  explicit log_output(int target) noexcept;
  log_output(const log_output&) = delete;
  log_output& operator=(const log_output&) = delete;
  ~log_output();

  /// False when some were left out because nobody reads them, or not fast enough. Up to 4096 bytes are
  /// written in one piece.
  bool write(std::string_view lines) const noexcept;

private:
  [[nodiscard]] ssize_t write_piece(std::string_view piece) const noexcept;

  int target_;
  int own_; // the same pipe or terminal, opened once more in order not to wait; or -1
};

/// The node's log: standard error.
const log_output& standard_log() noexcept;

} // namespace troupe::detail
