#pragma once

#include "storage/detail/holder_table.hpp"
#include "storage/detail/job_queue.hpp"
#include "storage/detail/statement_statistics.hpp"

#include <memory>
#include <string>

namespace troupe::storage {

/// What the connections of a pool share with its database actor, and with each other.
struct pool_share {
  std::shared_ptr<job_queue> queue;
  std::shared_ptr<holder_table> holders;
  std::shared_ptr<statement_statistics> statistics;
  std::string told_as; // in front of log lines: "database reports: "; empty: it is the only one
};

} // namespace troupe::storage
