#pragma once

#include "actors/messages/sql.hpp"

#include <span>
#include <string>
#include <string_view>

namespace troupe {

/// Appends what stands for these values, the same for the same values of the same types, and for no others.
void append_key(std::string& to, std::span<const sql_value> values);
void append_key(std::string& to, std::string_view text);

} // namespace troupe
