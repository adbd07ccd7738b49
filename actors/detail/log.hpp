#pragma once

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

/// Whether standard error takes a line at once. A pipe that nobody reads does not, and must not hold
/// up whoever logs. Any thread.
[[nodiscard]] bool log_has_room() noexcept;

} // namespace troupe::detail
