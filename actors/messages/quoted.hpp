#pragma once

#include <string>
#include <string_view>

namespace troupe::detail {

/// What a client sent, for a message to it: in double quotes, control characters as \xHH, at most 64
/// characters of it.
[[nodiscard]] std::string quoted(std::string_view text);

} // namespace troupe::detail
