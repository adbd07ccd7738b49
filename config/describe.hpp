// The effective settings, for --check-config.
#pragma once

#include "config/parse.hpp"

#include <string>

namespace troupe::config {

/// The settings as a TOML file, each with a comment that says where it came from, secrets masked;
/// the last line is the comment "# configuration is valid". Reading it back gives the same
/// settings, but for masked secrets.
std::string describe(const gateway_command& run);
std::string describe(const worker_command& run);

} // namespace troupe::config
