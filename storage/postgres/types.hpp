#pragma once

#include "actors/messages/sql.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::storage::postgres {

/// The value of a text that the server has sent for that type, an object id of its catalogue. A type that
/// is not known here is text, and so are arrays of such types.
[[nodiscard]] sql_value to_value(std::uint32_t type, std::string_view text);

} // namespace troupe::storage::postgres
