#pragma once

#include "actors/messages/errc.hpp"

#include <string_view>

namespace troupe::storage::postgres {

/// What a failure is for those who asked.
struct meaning {
  errc code;
  std::string_view detail;
};

/// The one place that translates SQLSTATE; an unknown or empty state is `internal`.
[[nodiscard]] meaning meaning_of(std::string_view sqlstate) noexcept;

/// The same within a transaction that was begun READ ONLY, or not: by the state alone a change in it could not be
/// told from one on a server that has become a standby.
[[nodiscard]] meaning meaning_of(std::string_view sqlstate, bool in_read_only) noexcept;

} // namespace troupe::storage::postgres
