#pragma once

#include "storage/connection.hpp"
#include "storage/detail/job_queue.hpp"
#include "storage/detail/statement_answer.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

/// Database actor -> connection actor: open your session, then take what waits.
struct open_connection {};

/// Database actor -> connection actor: no more work, end when the lease, if any, is over.
struct stop_connection {};

/// Database actor -> connection actor, which is idle, and has been taken out of those that are: close your session.
struct close_connection {};

/// Database actor -> connection actor, which has been idle since then, and has been taken out of those that are: ask the
/// server whether your session is still there.
struct check_connection {
  troupe::detail::steady_time idle_since;
};

/// Connection actor -> database actor: it is, and idle again, or has taken what waited.
struct connection_checked {
  job_queue::slot slot = 0;
};

/// Database actor -> connection actor: the session is its own again; these are for it.
struct session_returned {
  std::vector<pool_job> jobs;       ///< to be run one by one; nothing of them was sent, or is left
  std::vector<slow_statement> slow; ///< whose plans are wanted
  std::optional<pool_job> next;     ///< then; a lease, for one
};

/// Connection actor -> database actor: it is idle, and what waits is for an event loop to run.
struct connection_idle {};

/// Connection actor -> database actor: it was closed, as agreed.
struct connection_closed {
  job_queue::slot slot = 0;
};

/// Connection actor -> database actor.
struct connection_opened {
  job_queue::slot slot = 0;
  std::weak_ptr<storage::connection> connection; // to interrupt it
  std::optional<std::size_t> sessions_allowed;   // by the server, in all
};

/// Connection actor -> database actor: there is no session now, open one when it is needed.
struct connection_lost {
  job_queue::slot slot = 0;
  bool while_opening = false;
  std::string why;
};

/// Connection -> database actor: notified by a transaction that was committed just now: channel, payload, channel, ...
struct notices_committed {
  std::shared_ptr<const std::vector<sql_value>> notices;
};

/// Node -> database actor, once: the database actor of settings.fallback.
struct fallback_started {
  caf::strong_actor_ptr actor;
};

} // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::fallback_started)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::pool_job)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::open_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::stop_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::close_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::check_connection)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::connection_checked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::session_returned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::connection_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::connection_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::connection_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::connection_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::notices_committed)
