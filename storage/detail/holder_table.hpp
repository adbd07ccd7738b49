#pragma once

#include "actors/detail/timer.hpp"
#include "storage/detail/job_queue.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
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

  /// It runs `jobs`, which stay where they are until `end`. False: it is one alone, and nobody waits for it.
  [[nodiscard]] bool begin(slot which, std::span<const pool_job> jobs);
  /// It runs more: `jobs` are those from before and further ones behind them.
  void extend(slot which, std::span<const pool_job> jobs);
  /// The same as the first for a statement on a lease.
  [[nodiscard]] bool begin(slot which, call_id call, const sql_statement& statement);

  /// What was done meanwhile about what has been run.
  struct ending {
    bool cancelled = false;      ///< the server was asked to, so one of them may say so
    bool untold = false;         ///< it still is being asked: whatever this session ran next might be hit
    std::vector<bool> abandoned; ///< by their places; empty: none
  };
  /// Waits for as long as `patience` until the server has been told, if it is being told.
  ending end(slot which, std::chrono::milliseconds patience);

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
  /// `cancelled` is called. Others wait for the rest of their batch, see `take_overdue`.
  [[nodiscard]] std::optional<target> abandon(const caf::strong_actor_ptr& requester, call_id call);

  struct overdue {
    std::vector<target> to_cancel;
    std::vector<slot> to_interrupt; ///< the server does not take the wish to cancel
    bool any_left = false;          ///< further ones may come to that
  };
  /// The connections that have been running for more than `patience` something that nobody waits for.
  [[nodiscard]] overdue take_overdue(std::chrono::milliseconds patience,
                                     std::chrono::milliseconds patience_with_server);

  /// The server has been told, or could not be. Any thread.
  void cancelled(target which);

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
    std::span<const pool_job> jobs; // these two: what runs; none: nothing does
    const sql_statement* leased_statement = nullptr;
    request leased_call;
    caf::actor_control_block* holder = nullptr; // null: not leased
    const std::string* holder_name = nullptr;
    time_point since;        // it runs, or has ended running
    time_point leased_since;
    std::vector<bool> abandoned;
    std::uint64_t run = 0;
    bool cancelling = false; // that run
    time_point cancelling_since;
    bool given_up = false; // the server was not to be told
    bool was_cancelled = false;

    [[nodiscard]] std::size_t running() const noexcept {
      return leased_statement != nullptr ? 1 : jobs.size();
    }
    [[nodiscard]] request running_at(std::size_t place) const noexcept;
    [[nodiscard]] const sql_statement& statement() const noexcept {
      return leased_statement != nullptr ? *leased_statement : jobs.front().statement;
    }
    void mark(std::size_t place);
    [[nodiscard]] bool all_abandoned() const noexcept;
  };

  bool begin_with(entry& at);
  [[nodiscard]] static bool begin_cancelling(entry& at);
  void mark_early(entry& at, std::size_t from);

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
