#include "config/version.hpp"

namespace troupe::config {

std::string_view framework_version() { return TROUPE_VERSION; }

} // namespace troupe::config
