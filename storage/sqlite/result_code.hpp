#pragma once

#include "actors/messages/errc.hpp"

#include <string_view>

namespace troupe::storage::sqlite {

/// What a failure is for those who asked.
struct meaning {
  errc code;
  std::string_view detail;
};

/// The one place that translates SQLite's (extended) result codes.
[[nodiscard]] meaning meaning_of(int result_code) noexcept;

} // namespace troupe::storage::sqlite
