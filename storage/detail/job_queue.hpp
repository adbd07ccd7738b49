#pragma once

#include "actors/detail/timer.hpp"
#include "actors/messages/call.hpp"

#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace troupe::storage {

/// A statement, or the wish for a lease, on its way to a connection.
struct pool_job {
  caf::strong_actor_ptr requester;
  call_id call;
  /// Of the wait for a connection; a statement that runs has none.
  troupe::detail::steady_time deadline;
  /// Not 0: the number of the lease that is asked for; of the statement there is only who asks then.
  std::uint64_t lease = 0;
  sql_statement statement;
};

/// What waits for a connection, first come first served, and the connections that wait for work.
///
/// The one thing that the database actor and its connection actors share: a connection that has
/// finished takes its next job here, without a message to the database actor and back. Every job is
/// in exactly one place at a time: here, or with the one that took it. Never are both jobs and idle
/// connections in it, but for the moment between `put_back` or `take_unless` and `match`. Any thread.
///
/// Why a lock: connections block in threads of their own, so between two statements a hand-over by
/// message would leave a connection idle for two thread switches. The lock is held for a push or a
/// pop, never while a statement runs, and no event loop waits for a connection under it.
class job_queue {
public:
  using slot = unsigned; ///< number of a connection

  /// An idle connection to give `job` to; without one, or with others in front, `job` is queued (moved from).
  std::optional<slot> push(pool_job& job);

  /// It is queued in any case, as one that is not idle is going to look for it.
  void wait(pool_job& job);

  /// The next job for `taker`; without one, `taker` is idle from now on.
  std::optional<pool_job> take(slot taker);

  /// The same for one that leaves some jobs to others: it is idle also when the next job is none for it.
  struct offer {
    std::optional<pool_job> job;
    bool left_one = false; ///< to be matched
  };
  /// `since`: it has been idle, but for a look whether it still works, since then; none: it was not.
  offer take_unless(slot taker, const std::function<bool(const pool_job&)>& not_for_it,
                    std::optional<troupe::detail::steady_time> since = std::nullopt);

  /// Further jobs for one that has taken one: those at the front, as long as `wanted` says so, `most` at most.
  /// `wanted` is called under the lock.
  std::vector<std::unique_ptr<pool_job>> take_more(std::size_t most, const std::function<bool(const pool_job&)>& wanted);

  /// A job that was taken but not begun: it is the next one again. False after `close`: the job
  /// stays with the caller.
  [[nodiscard]] bool put_back(pool_job& job);

  /// An idle connection and a job for it, if there are both.
  std::optional<std::pair<slot, pool_job>> match();

  /// This connection is not idle any more; false: it was not.
  bool remove(slot gone);

  /// Takes away those that have been idle since before `limit`, `most` at most.
  std::vector<slot> take_idle(troupe::detail::steady_time limit, std::size_t most);

  struct idle_connection {
    slot which;
    troupe::detail::steady_time since; ///< nobody has needed it
    troupe::detail::steady_time known; ///< to work
  };
  /// Takes away the one that was known to work at the earliest time, if that is before `limit`.
  std::optional<idle_connection> take_unknown(troupe::detail::steady_time limit);

  /// Takes out the job that this call of this requester waits with; false: it does not.
  bool drop(const caf::strong_actor_ptr& requester, call_id call);

  /// The jobs whose deadline is over.
  std::vector<pool_job> take_expired(troupe::detail::steady_time now);

  [[nodiscard]] std::optional<troupe::detail::steady_time> next_deadline();

  /// Gives out all that waits; `take` gives nothing any more.
  std::vector<pool_job> close();

  struct counts {
    std::size_t waiting = 0;
    std::size_t idle = 0;
  };
  [[nodiscard]] counts count();

private:
  std::mutex mutex_;
  std::deque<std::unique_ptr<pool_job>> waiting_; // which are much to move about
  slot take_warmest();
  void make_idle(slot which, std::optional<troupe::detail::steady_time> since);

  std::vector<idle_connection> idle_; // a stack: the connection used last is the warmest
  bool closed_ = false;
};

} // namespace troupe::storage
