#pragma once

#include <string>

namespace troupe {

/// A field of the request, by its name: `service::sticky(header{"X-Session"})`.
struct header {
  std::string name;
};

} // namespace troupe
