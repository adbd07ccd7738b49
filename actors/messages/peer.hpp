#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// A node that may host keyed actors.
struct peer {
  std::uint64_t id = 0;
  std::string name;
  std::vector<std::string> kinds;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, peer& x) {
    return f(x.id, x.name, x.kinds);
  }
};

} // namespace troupe
