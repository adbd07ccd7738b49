// The version of Troupe itself.
#pragma once

#include <string_view>

namespace troupe::config {

/// "0.1.0", as the build knows it.
std::string_view framework_version();

} // namespace troupe::config
