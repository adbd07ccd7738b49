// The text forms of a setting's value: reading, printing, and saying what is expected.
#pragma once

#include "config/detail/definition.hpp"
#include "config/detail/toml.hpp"

#include <string>
#include <string_view>

namespace troupe::config::detail {

/// Stores the value that the text stands for; a list gets one more element. False, and nothing
/// stored, when the text is not a value of the setting's type and range.
bool assign(const setting& target, std::string_view text);

/// Makes a list empty, so that a higher layer replaces it as a whole. Leaves other settings alone.
void clear_list(const setting& target);

bool is_list(const setting& target);

/// Whether a value of this TOML type can be read into the setting at all.
bool fits(const setting& target, toml_type type);

/// What is expected, in words: "a whole number from 0 to 256".
std::string expected(const setting& target);

/// The short form of expected(), for the help: "0 to 256"; empty when the hint says it all.
std::string range(const setting& target);

/// The word for the value in the help: "HOST:PORT".
std::string hint(const setting& target);

/// The present value as a person writes it, secrets masked; a list with commas.
std::string to_text(const setting& target);

/// The present value as it stands in a TOML file, secrets masked.
std::string to_toml(const setting& target);

/// What was found, for an error line: quoted, secrets masked or left out.
std::string found(const setting& target, std::string_view text);

} // namespace troupe::config::detail
