#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::detail {

/// What a text was read as; `defect` says why it was not, behind "it": a phrase that lives for ever.
template <class T>
struct parsed {
  T value{};
  std::string_view defect;
};

/// Microseconds since 1970 as "2026-01-31T12:00:00.500000Z": always six digits, so that SQLite, which
/// compares texts, gets the order right. Years BC as PostgreSQL writes them: "0044-03-15T... BC".
[[nodiscard]] std::string timestamp_text(std::int64_t microseconds);

/// "2026-01-31", "0044-03-15 BC". REQUIRES: date.ok().
[[nodiscard]] std::string date_text(std::chrono::year_month_day date);

/// "12:00:00.500000", also "-01:30:00.000000" and more hours than a day has: a time and an interval alike.
[[nodiscard]] std::string time_text(std::int64_t microseconds);

/// A date with or without a time of day, which may have an offset and is in UTC without. Exact: what has
/// more digits than microseconds, or is too far away to be counted in them, is none.
[[nodiscard]] parsed<std::int64_t> parse_timestamp(std::string_view text);

/// A date without a time of day, of the years that std::chrono has.
[[nodiscard]] parsed<std::chrono::year_month_day> parse_date(std::string_view text);

/// A time of day, or an interval as PostgreSQL writes it: "-1 days +02:00:00.5". A day of it has 24 hours,
/// as sessions are in UTC; months and years have no length.
[[nodiscard]] parsed<std::int64_t> parse_time(std::string_view text);

} // namespace troupe::detail
