#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Dates as HTTP writes them (RFC 9110, 5.6.7): whole seconds since 1970 in UTC, without leap
/// seconds, and their text. Pure; nothing of the C library's locale or time zone takes part.
namespace troupe::detail {

/// "Sun, 06 Nov 1994 08:49:37 GMT". Of a time outside of the years 0 to 9999 the nearest within.
std::string format_http_date(std::int64_t seconds);

/// Reads that form, and the two obsolete ones: "Sunday, 06-Nov-94 08:49:37 GMT" and
/// "Sun Nov  6 08:49:37 1994"; none for anything else. A year of two digits is the one that is at
/// most 50 years after `now`, in the same seconds. The day's name is not compared with the date.
std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now);

} // namespace troupe::detail
