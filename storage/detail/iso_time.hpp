#pragma once

#include <string>
#include <string_view>

namespace troupe::storage {

/// "2026-01-31 12:00:00.5+00" as databases print it -> "2026-01-31T12:00:00.5Z"; an offset other
/// than zero becomes "+02:00". With `utc_without_offset`, a text without an offset gets the Z.
/// What has another shape (dates alone, times alone, "infinity", years BC) stays as it is.
[[nodiscard]] std::string to_iso_time(std::string_view text, bool utc_without_offset = false);

} // namespace troupe::storage
