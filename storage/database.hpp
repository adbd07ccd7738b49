#pragma once

#include "actors/messages/call.hpp"
#include "config/settings.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::detail {
class event_loop;
}

namespace troupe::storage {

/// Message to the database actor, with a `call_id` before it: answered by `pool_statistics`.
struct pool_statistics_request {};

struct pool_statistics {
  std::size_t in_use = 0;  ///< connections that run a statement or are leased
  std::size_t idle = 0;    ///< open connections that nobody uses
  std::size_t waiting = 0; ///< statements and leases that wait for a connection
};

/// Starts the database actor: a pool of connections that answers
///
///     [call_id, sql_statement]  ->  [call_id, sql_result]  or [call_id, failure]
///     [call_id, sql_acquire]    ->  [call_id, sql_lease]   or [call_id, failure]
///     [call_id, sql_listen]     ->  [call_id, local_reply] with detail::listening, or [call_id, failure]
///     [call_id, pool_statistics_request] -> [call_id, pool_statistics]
///     [call_id, database_figures_query]  -> [call_id, local_reply] with database_figures
///
/// Connections are opened when first needed, up to settings.max_connections, each in an actor with a
/// thread of its own. The leased connection actor answers [call_id, sql_statement] like the pool and
/// takes sql_release; when the actor that asked for the lease ends, the lease ends too.
/// What finds no connection within settings.acquire_timeout gets failure{unavailable}. A statement
/// runs once at most: when its connection breaks meanwhile, it gets failure{outcome_unknown}, or, where nothing of it can
/// be left (in a transaction that was not being committed, or before it was sent), failure{unavailable}.
///
/// With settings.read_only, statements that certainly change something get failure{internal}, and sessions are opened
/// so that the database refuses the others.
///
/// `name`: what log lines call it, where a node has several; empty: nothing.
///
/// Thread: any; the actor is pinned to `loop`, which must outlive it. Ends when it gets an exit
/// message: what waits is refused, what runs may finish (5 s, then it is interrupted), then the
/// actor is down. Throws error{invalid_argument} for a URL that no backend takes.
[[nodiscard]] caf::actor spawn_database(troupe::detail::event_loop& loop,
                                        const config::storage_settings& settings,
                                        const std::string& name = {});

/// The database actors of a node with these loops: one, on the first of them; or, with settings.per_loop and
/// PostgreSQL, one for each of them, as far as each has two connections or more as its share. The statements of all of
/// them are in the figures of each, and they share the limit of one warning a second. The loop with index i is to ask
/// the one at i % size. Else as spawn_database. REQUIRES: there is a loop.
[[nodiscard]] std::vector<caf::actor> spawn_databases(const std::vector<troupe::detail::event_loop*>& loops,
                                                      const config::storage_settings& settings,
                                                      const std::string& name = {});

/// From here on `fallback`, another database actor, is asked, and answers, whatever `which` is asked while it has no
/// free connection and can open none. REQUIRES: `fallback` has none itself.
void introduce_fallback(const caf::strong_actor_ptr& which, const caf::strong_actor_ptr& fallback);

} // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::pool_statistics_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::pool_statistics)
