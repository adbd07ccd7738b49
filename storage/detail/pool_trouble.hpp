#pragma once

#include "storage/detail/holder_table.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace troupe::storage {

/// What is known when somebody has waited in vain for a connection.
struct pool_state {
  std::chrono::milliseconds waited{0};
  std::size_t waiting = 0;
  std::size_t open = 0;    ///< connections
  std::size_t allowed = 0; ///< settings.max_connections
  bool away = false;       ///< no further connection can be opened
  std::vector<holder_table::holder> holders;
};

/// Why, in words.
struct pool_trouble {
  std::string for_client; ///< without SQL or names
  std::string for_log;    ///< the same, with who has the connections
};

/// Tells four causes apart: the server cannot be reached; the connections run statements that are slow; they are
/// held by transactions that run nothing, so leaked; or they are simply too few. Slow, and held for nothing, is
/// what has been so for half of the time that was waited.
[[nodiscard]] pool_trouble explain(const pool_state& state);

} // namespace troupe::storage
