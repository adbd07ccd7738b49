// Durations and sizes as text: "250ms", "10s", "5m", "1h"; "16384", "16KiB", "1MiB", "1GiB".
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::config {

/// Reads a whole number followed by ms, s, m or h. Nothing for any other text, a bare number
/// included: a number without a unit is the slip this form is there to prevent.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest text that parse_duration reads as the same duration. REQUIRES: not negative.
std::string format_duration(std::chrono::milliseconds duration);

/// Reads a number of bytes: a whole number, alone or followed by B, KiB, MiB or GiB.
std::optional<std::size_t> parse_size(std::string_view text);

/// The shortest text that parse_size reads as the same size.
std::string format_size(std::size_t bytes);

} // namespace troupe::config
