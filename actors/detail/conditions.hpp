#pragma once

#include "actors/messages/header_list.hpp"
#include "actors/messages/http_method.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Conditional requests and ranges (RFC 9110, 13 and 14) for what a GET or HEAD would be answered
/// with. Pure.
namespace troupe::detail {

/// What is known of the representation that stands ready.
struct representation {
  /// As the field ETag has it, with its quotes: "\"x\"", or weak: "W/\"x\"". Empty: it has none.
  std::string_view entity_tag;
  /// Seconds since 1970; none: not known.
  std::optional<std::int64_t> last_modified;
  /// In bytes.
  std::uint64_t size = 0;
};

/// How to answer.
struct verdict {
  /// 200: the whole. 206: from `first` to `last`. 304: not modified. 412: a precondition is not
  /// met. 416: the range begins behind the end.
  std::uint16_t status = 200;
  /// Of 206: places of the first and the last byte; first <= last < size.
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  friend bool operator==(const verdict&, const verdict&) = default;
};

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, Range and If-Range,
/// in that order of precedence. `now`: seconds since 1970.
///
/// What is malformed counts as not sent (dates, Range), or matches nothing (entity tags, If-Range).
/// Ranges count for GET alone. Several ranges are answered with the whole, unless all of them begin
/// behind the end. A date in If-Range must be that of the last modification, and that at least a
/// second ago, as the content may change again within its second.
verdict evaluate_conditions(const header_list& headers, http_method method,
                            const representation& what, std::int64_t now);

/// Content-Range for a representation of that size: "bytes 0-99/1000" of 206, "bytes */1000" of
/// 416. REQUIRES: status is 206 or 416.
std::string content_range(const verdict& what, std::uint64_t size);

} // namespace troupe::detail
