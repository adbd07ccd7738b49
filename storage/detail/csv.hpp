#pragma once

#include "actors/messages/sql.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace troupe::storage {

/// A piece of a copy is sent when it has so many bytes.
constexpr std::size_t csv_piece = 64 * 1024;

/// A line of CSV, as PostgreSQL's COPY writes it: NULL is nothing, an empty text "", true t, bytes \x and hexadecimal
/// digits.
void append_csv_line(std::string& out, std::span<const sql_value> values);

/// The answer to a step of a copy; an empty text: it has ended.
[[nodiscard]] sql_result csv_answer(std::string&& text);

} // namespace troupe::storage
