#pragma once

#include "storage/postgres/libpq.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::storage::postgres {

/// A prepared statement on its way to the server together with others.
struct pipelined {
  std::string name;
  const char* const* parameters; ///< texts; null for NULL
  std::size_t parameter_count;
  /// It changes rows: in a transaction of its own. Those that stand beside each other and only read share one,
  /// so that the server sends their answers together.
  bool by_itself;
};

struct pipeline_outcome {
  enum class state : std::uint8_t {
    unknown, ///< the session was lost: it may have been carried out
    undone,  ///< not carried out, or rolled back with another one: to be run again
    failed,  ///< refused; nothing of it is left
    done,
  };
  state how = state::unknown;
  result_ptr result; ///< of `done` and `failed`
};

/// Sends all of them at once, in libpq's pipeline mode, and waits for all answers. `out[i]` is of `what[i]`.
/// REQUIRES: no transaction is open.
[[nodiscard]] std::vector<pipeline_outcome> run_pipeline(PGconn* session,
                                                         const std::vector<pipelined>& what);

} // namespace troupe::storage::postgres
