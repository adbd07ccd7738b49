#include "config/units.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <span>

namespace troupe::config {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: formatting takes the first that divides without a remainder.
constexpr std::array duration_units{unit{"h", 3'600'000}, unit{"m", 60'000}, unit{"s", 1'000},
                                    unit{"ms", 1}};
constexpr std::array size_units{unit{"GiB", 1U << 30U}, unit{"MiB", 1U << 20U},
                                unit{"KiB", 1U << 10U}, unit{"B", 1}};

std::optional<std::uint64_t> scaled(std::string_view text, std::span<const unit> units,
                                    bool unit_is_optional) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (text.empty() || problem != std::errc{}) return std::nullopt;
  const std::string_view name(stop, static_cast<std::size_t>(end - stop));
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (name.empty() && unit_is_optional && number <= limit) return number;
  for (const auto& candidate : units) {
    if (candidate.name != name) continue;
    if (number > limit / candidate.factor) return std::nullopt;
    return number * candidate.factor;
  }
  return std::nullopt;
}

std::string in_largest_unit(std::uint64_t number, std::span<const unit> units) {
  for (const auto& candidate : units)
    if (number != 0 && number % candidate.factor == 0)
      return std::to_string(number / candidate.factor).append(candidate.name);
  return "0";
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto number = scaled(text, duration_units, false);
  if (!number) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(*number));
}

std::string format_duration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0s";
  return in_largest_unit(static_cast<std::uint64_t>(duration.count()), duration_units);
}

std::optional<std::size_t> parse_size(std::string_view text) {
  return scaled(text, size_units, true);
}

std::string format_size(std::size_t bytes) {
  if (bytes % size_units[2].factor != 0) return std::to_string(bytes);
  return in_largest_unit(bytes, size_units);
}

} // namespace troupe::config
