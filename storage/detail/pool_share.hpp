#pragma once

#include "storage/detail/holder_table.hpp"
#include "storage/detail/job_queue.hpp"
#include "storage/detail/statement_statistics.hpp"
#include "storage/detail/warning_limit.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace troupe::storage {

/// What the connections of a pool share with its database actor, and with each other.
struct pool_share {
  std::shared_ptr<job_queue> queue;
  std::shared_ptr<holder_table> holders;
  std::shared_ptr<statement_statistics> statistics;
  std::string told_as; // in front of log lines: "database reports: event loop 1: "; empty: it is the only one

  // With storage.per_loop a database of the node has several pools, which share these.
  std::size_t pools = 1;
  std::size_t place = 0; // of this one among them
  std::shared_ptr<const std::vector<std::shared_ptr<statement_statistics>>> statistics_of_all;
  std::shared_ptr<warning_limit> warnings; // that there is no connection
  std::shared_ptr<warning_limit> refusals; // statements that the server has no room for, or will not run now

  /// What this pool has of something that the node may have so much of: as much as the others, or one more.
  [[nodiscard]] std::size_t share_of(std::size_t all) const noexcept {
    return all / pools + (place < all % pools ? 1 : 0);
  }
};

} // namespace troupe::storage
