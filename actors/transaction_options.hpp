#pragma once

#include <cstdint>
#include <optional>

namespace troupe {

/// What transactions at the same time may see of each other, in PostgreSQL's sense. SQLite has the strictest
/// one alone: whatever is asked for, transactions that write run one after the other.
enum class isolation : std::uint8_t {
  read_committed,  ///< each statement sees what was committed before it began
  repeatable_read, ///< all statements see what was committed before the first one
  serializable,    ///< as if the transactions had run one after the other
};

/// `ctx.db().transact({.level = isolation::serializable, .attempts = 5}, work)`.
struct transaction_options {
  /// None: as the database is set up, which is read committed on a PostgreSQL that nobody has changed.
  std::optional<isolation> level{};

  /// A statement that would change something fails with error{internal}, "the transaction is read only". On SQLite
  /// such transactions do not wait for those that write.
  bool read_only = false;

  /// How often the work is begun at most. More than once only when nothing of it has taken effect: after
  /// `serialization_failure` (the isolation level's, or a deadlock's), or when BEGIN itself was refused, as by a
  /// SQLite file that another process keeps locked. The pauses between grow from 5 ms to 320 ms, each shortened by
  /// up to a half, and hold no connection. What it does beside the transaction (messages, variables that it has by
  /// reference, values that it moves out of its captures) is not undone, and must be fit to happen again.
  unsigned attempts = 1;
};

} // namespace troupe
