#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// Message to the database actor, with a `call_id` before it: answered by a `local_reply` with
/// `database_figures`.
struct database_figures_query {
  std::size_t statements = 100; ///< shown at most
};

/// What a pool does, and has done since it was started.
struct database_figures {
  /// Who has a connection.
  struct holder {
    std::string asked_by; ///< the route or the kind of actor; empty: not known
    bool transaction = false;
    std::string statement; ///< empty: a transaction that runs nothing
    std::chrono::milliseconds has_it{0};
    std::chrono::milliseconds runs{0}; ///< the statement, or nothing, for so long
  };

  /// Times are those at the database, without the wait for a connection; of statements that went together,
  /// each has an equal part. p50 and p99 are right to an eighth.
  struct statement {
    std::string sql; ///< empty: all others, where there have been too many
    std::uint64_t count = 0;
    std::uint64_t failures = 0;
    std::uint64_t rows = 0;
    std::uint64_t batches = 0; ///< in so many goes
    std::chrono::microseconds p50{0};
    std::chrono::microseconds p99{0};
    std::chrono::microseconds longest{0};
    std::chrono::microseconds total{0};
  };

  std::size_t in_use = 0;
  std::size_t idle = 0;
  std::size_t waiting = 0; ///< statements and transactions that wait for a connection
  std::size_t max_connections = 0;
  std::uint64_t handed_over = 0; ///< to the fallback, while it was away
  std::vector<holder> holders;
  std::vector<statement> statements; ///< those with the most time in total first
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::database_figures_query)
