#pragma once

#include "actors/messages/call.hpp"
#include "actors/messages/errc.hpp"
#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/messages/sql.hpp"

#include <caf/actor_control_block.hpp>

namespace troupe::detail {

// A gateway and the workers of its own loop. What they send each other is queued, and handled one at a time
// and in order, as all messages are; but a mailbox of CAF's, which any thread may send to, costs more than
// all else that most requests need (docs/evidence.md). So whole requests and their answers go past it.
// Streams, and what comes from elsewhere, take the mailbox; what was sent this way before is handled first.

/// Who asks. Belongs to the loop.
class near_asker {
public:
  /// Called from the bottom of the stack, or from the worker's code: never from the asker's own.
  virtual void take_answer(call_id id, response&& what) = 0;
  virtual void take_answer(call_id id, const failure& why) = 0;

protected:
  ~near_asker() = default;
};

/// Who answers. Belongs to the loop: an actor of another one is no near worker, whatever its type.
class near_worker {
public:
  /// Queues the request; false: it has ended, and the request is left alone. `address` is that of `from`,
  /// which lives as long as that is kept.
  [[nodiscard]] virtual bool take_request(call_id id, request&& what, near_asker& from,
                                          caf::strong_actor_ptr address) = 0;

  [[nodiscard]] virtual caf::strong_actor_ptr address() noexcept = 0;

protected:
  ~near_worker() = default;
};

/// A database of the loop, for coroutines of the same loop: their statements go past the mailbox, and so do the answers
/// that the loop itself has (`courier::resolve_soon`).
class near_database {
public:
  /// Takes the statement at once, and gives no answer before it has returned: it may overtake what is in the mailbox.
  /// False: it has not begun, or has ended, or the order matters, and the statement is left alone. Called from
  /// coroutines, never from the database's own code.
  [[nodiscard]] virtual bool take_statement(const caf::strong_actor_ptr& from, call_id id, sql_statement&& what) = 0;

protected:
  ~near_database() = default;
};

} // namespace troupe::detail
