// Reads a configuration file as a whole.
#pragma once

#include <string>
#include <string_view>

namespace troupe::config::detail {

/// The content of the file, at most 1 MiB. `place` is who named the file: the flag or the variable.
/// @throws config_error when the file is missing, unreadable, a folder or larger
std::string read_file(std::string_view place, const std::string& path);

} // namespace troupe::config::detail
