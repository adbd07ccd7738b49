#pragma once

#include <string_view>

namespace troupe::detail {

/// Copying and writing a JSON document call themselves for each level: a bound keeps the stack safe.
inline constexpr int deepest_json = 256;

/// Whether the JSON in `text` goes deeper than that; looks at brackets only.
[[nodiscard]] bool is_nested_too_deeply(std::string_view text) noexcept;

} // namespace troupe::detail
