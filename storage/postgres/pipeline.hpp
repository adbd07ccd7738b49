#pragma once

#include "storage/postgres/libpq.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::storage::postgres {

/// A prepared statement on its way to the server together with others.
struct pipelined {
  std::string name;
  const char* const* parameters; ///< texts; null for NULL
  std::size_t parameter_count;
  /// It changes rows: in a transaction of its own. Some that stand beside each other and only read share one,
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

/// Where the statements come from. Nothing of it may use the session, or throws.
class pipeline_feed {
public:
  /// Appends further ones, if there are any now.
  virtual void append_to(std::vector<pipelined>& what) noexcept = 0;
  /// This one is done for certain; the server may still be busy with others.
  virtual void done(std::size_t place, result_ptr&& result) noexcept = 0;

protected:
  ~pipeline_feed() = default;
};

/// Sends what `feed` gives, in libpq's pipeline mode, and waits for the answers; whenever some have come it asks for
/// more. `out[i]` is of the i-th statement; its result, where it was done, has gone to `feed`.
/// REQUIRES: no transaction is open.
[[nodiscard]] std::vector<pipeline_outcome> run_pipeline(PGconn* session, pipeline_feed& feed);

} // namespace troupe::storage::postgres
