#pragma once

#include "actors/messages/sql.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace troupe {

/// Keys from which on a read is worth a statement, and a transaction, of its own: what those cost is little beside it, and
/// whoever asked need not wait for others.
constexpr std::size_t many_keys = 16;

/// Appends what stands for these values, the same for the same values of the same types, and for no others.
void append_key(std::string& to, std::span<const sql_value> values);
void append_key(std::string& to, std::string_view text);

} // namespace troupe
