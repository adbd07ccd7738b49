#pragma once

#include "actors/detail/timer.hpp"
#include "actors/messages/call.hpp"
#include "actors/messages/sql.hpp"
#include "storage/detail/job_queue.hpp"

#include <caf/actor_control_block.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

/// Who has which connection of a pool, for what and since when: so that the database actor can say so, and have
/// statements cancelled for which nobody waits.
///
/// Connections write it, in their own threads; the database actor reads it, in its loop's.
///
/// Why a lock: as for job_queue. It is held for a few stores. A connection also waits here while the server is
/// told to cancel what it has just finished: what it ran next would be hit instead. Where that takes too long, its
/// session is of no use any more.
class holder_table {
public:
  using slot = job_queue::slot;
  using time_point = troupe::detail::steady_time;

  explicit holder_table(std::size_t slots) : entries_(slots) {}

  // -- for a connection ---------------------------------------------------------------------------------

  /// It runs the statement, which stays where it is until `end`. False: nobody waits for it.
  [[nodiscard]] bool begin(slot which, const caf::strong_actor_ptr& requester, call_id call,
                           const sql_statement& statement);
  /// Waits for as long as `patience` until the server has been told to cancel it, if it is being told. False: the session
  /// is of no use any more, as its server is silent, or still being told, so that what the session ran next might be hit.
  [[nodiscard]] bool end(slot which, std::chrono::milliseconds patience);

  /// It serves nobody but the one that asks in `job`, from here on until `take_back`.
  void lend(slot which, const pool_job& job);
  void take_back(slot which);

  // -- for the database actor ---------------------------------------------------------------------------

  /// What is to be cancelled: one run of one connection, however many follow it.
  struct target {
    slot which = 0;
    std::uint64_t run = 0;
  };

  /// Nobody waits for that call any more. What to cancel, if that is to be done at once: after that,
  /// `cancelled` is called.
  [[nodiscard]] std::optional<target> abandon(const caf::strong_actor_ptr& requester, call_id call);

  struct overdue {
    std::vector<target> to_cancel;
    std::vector<slot> to_interrupt; ///< the server does not take the wish to cancel
    bool any_left = false;          ///< further ones may come to that
  };
  /// The connections that have been running for more than `patience` something that nobody waits for.
  [[nodiscard]] overdue take_overdue(std::chrono::milliseconds patience,
                                     std::chrono::milliseconds patience_with_server);

  /// A statement that has been running for longer than its server lets any run.
  struct silent {
    slot which = 0;
    std::chrono::milliseconds runs{0};
  };
  /// Those that have been running for more than `patience`, each once: their sessions are given up when they end. Not what
  /// may be at its commit, for which servers have no limit (a replica may be awaited), and nothing of a lease that has set
  /// a limit of its own (statement_timeout).
  [[nodiscard]] std::vector<silent> take_silent(std::chrono::milliseconds patience);

  /// The server has been told. Any thread.
  void cancelled(target which);
  /// It could not be, for now. True: for so long that the session is to be interrupted, and given up.
  [[nodiscard]] bool not_cancelled(target which, std::chrono::milliseconds patience);

  /// That connection is no more.
  void forget(slot which);

  /// From now on no connection waits for the server to be told.
  void stop_waiting();

  struct holder {
    const std::string* asked_by = nullptr;
    bool leased = false;
    std::string statement;               ///< empty: a lease that runs nothing
    std::chrono::milliseconds has_it{0}; ///< the connection
    std::chrono::milliseconds runs{0};   ///< the statement, or nothing, for so long
  };
  /// Those that are in use.
  [[nodiscard]] std::vector<holder> holders() const;

private:
  struct request {
    caf::actor_control_block* from = nullptr; // compared, never followed
    std::uint64_t call = 0;
    friend bool operator==(const request&, const request&) = default;
  };

  struct entry {
    const sql_statement* statement = nullptr; // what runs; null: nothing does
    request asked;                            // by whom
    caf::actor_control_block* holder = nullptr; // null: not leased
    const std::string* holder_name = nullptr;
    time_point since;        // it runs, or has ended running
    time_point leased_since;
    bool commits = false; // which is not cancelled: the server might call committed what it has not replicated
    bool changes_alone = false; // outside of a transaction, so that it commits, too
    bool abandoned = false;
    time_point abandoned_at;
    std::uint64_t run = 0;
    bool cancelling = false; // that run
    time_point cancelling_since;
    bool given_up = false; // the server was not to be told
    bool silent = false;   // its server is, in that run
    bool limits_itself = false; // the lease
  };

  [[nodiscard]] static bool begin_cancelling(entry& at);

  mutable std::mutex mutex_;
  std::condition_variable told_;
  std::vector<entry> entries_;
  bool may_wait_ = true;
  /// Abandoned before it ran, or after: the latest ones.
  struct early {
    request what;
    time_point when;
  };
  std::deque<early> early_;
};

} // namespace troupe::storage
