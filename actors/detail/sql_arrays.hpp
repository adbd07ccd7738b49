#pragma once

#include "actors/messages/sql.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::detail {

/// An array as PostgreSQL writes it: {1,"a b",NULL,{2}}, perhaps with its bounds: [0:1]={1,2}. Each element
/// is what `read` makes of its text. Nothing: the text is none.
[[nodiscard]] std::optional<sql_array>
parse_array_literal(std::string_view text, const std::function<sql_value(std::string&&)>& read);

/// As a JSON array, for SQLite: decimals and times are texts in it, bytes hexadecimal ones; JSON stays
/// as it is written. REQUIRES: valid UTF-8, valid JSON.
[[nodiscard]] std::string to_json_array(const sql_array& from);

/// Nothing: the text is no JSON array, or nested too deeply. Objects come as `json_text`,
/// integers beyond std::int64_t as `numeric` or, beyond 64 bits, as doubles.
[[nodiscard]] std::optional<sql_array> parse_json_array(std::string_view text);

[[nodiscard]] std::string to_hex(std::string_view bytes);

/// Nothing: the text is not pairs of hexadecimal digits.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

/// The name that PostgreSQL has for what is no number or none that ends; else none.
[[nodiscard]] std::optional<std::string_view> name_of_non_number(double value);

} // namespace troupe::detail
