#pragma once

#include "actors/detail/event_loop.hpp"
#include "actors/detail/file_descriptor.hpp"
#include "actors/detail/poller.hpp"
#include "config/settings.hpp"
#include "storage/connection.hpp"
#include "storage/detail/holder_table.hpp"
#include "storage/detail/job_queue.hpp"
#include "storage/detail/pool_messages.hpp"
#include "storage/detail/pool_share.hpp"
#include "storage/detail/statement_statistics.hpp"
#include "storage/statement_pipe.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

/// What the job is likely to take on that session, when an event loop may run it there: it is known, and quick. What
/// is slow, asks for a lease or is not known yet is for the session's connection actor.
[[nodiscard]] std::optional<connection::timing> quick_time(connection& on, const pool_job& job);

/// A session of the pool as the database actor's event loop runs quick statements on it: without a thread, and
/// without waiting for one answer before the next statement goes out. What comes of them goes straight to those
/// who asked.
///
///             begin                    nothing is under way or waits
///     away ----------> busy  ------------------------------------------> idle: begin, or leave
///       ^               |
///       +---------------+ what waits is not quick, or something is to be executed by itself, or the session is lost:
///                         to the owner
///
/// Thread: its loop's. No exception leaves it.
class driven_session final : troupe::detail::deferred, troupe::detail::poller::watched, statement_pipe::receiver {
public:
  class owner {
  public:
    /// It is away: the session is for its connection actor again, with these.
    virtual void on_session_returned(job_queue::slot which, session_returned&& what) = 0;
    /// False: it is to be returned rather than to be idle.
    [[nodiscard]] virtual bool may_be_idle(job_queue::slot which) = 0;
    /// Asks the server to cancel what runs; `told` says when it knows. False: it cannot be asked.
    [[nodiscard]] virtual bool cancel(job_queue::slot which, std::shared_ptr<std::atomic<bool>> told) = 0;
    /// Several are under way: `cancel_overdue` is to be called in a while.
    virtual void watch() = 0;
    /// What waits and idle sessions are brought together.
    virtual void give_to_idle_ones() = 0;
    /// How many sessions look for work in this step of the loop: each leaves some of it to the others.
    virtual std::size_t sessions_that_look() = 0;
    virtual void looks(int one_more_or_less) = 0;

  protected:
    ~owner() = default;
  };

  /// `sockets`: outlives it.
  driven_session(owner& of, troupe::detail::event_loop& loop, troupe::detail::poller& sockets, const pool_share& pool,
                 job_queue::slot number, const config::storage_settings& settings);
  driven_session(const driven_session&) = delete;
  driven_session& operator=(const driven_session&) = delete;
  ~driven_session();

  /// Runs the job, and what waits along with it. False, and nothing has happened: the session does not take it.
  /// REQUIRES: not busy; nobody else uses the session; the job is quick.
  [[nodiscard]] bool begin(const std::shared_ptr<connection>& session, pool_job& job);

  /// Something waits: it is looked at at the end of the loop's step.
  void look();

  [[nodiscard]] bool busy() const noexcept { return busy_; }
  /// What waits is better off with it than with a session that is idle.
  [[nodiscard]] bool likes_company(const pool_job& job) const;
  /// What runs takes longer than it should.
  [[nodiscard]] bool is_stuck() const noexcept;
  /// It has room for what waits.
  [[nodiscard]] bool has_room() const noexcept;
  /// Nothing is under way: it is about to be idle.
  [[nodiscard]] bool about_to_be_idle() const noexcept { return has_room() && under_way_.empty(); }

  /// Away, when it is idle.
  void leave() noexcept;
  /// Away, whatever was going on: the connection actor is no more. What was under way is answered.
  void give_up();

  /// Nobody waits for that any more. False: it is not here.
  bool abandon(const caf::strong_actor_ptr& requester, call_id call);
  /// What runs for longer than `patience` and nobody waits for, or others wait behind, is cancelled; the session is shut when the server
  /// does not take that for as long as connecting may take. True: it is to be called again, soon.
  bool cancel_overdue(std::chrono::milliseconds patience);
  /// Shuts the session when its server has been silent for longer than `patience`, and is at no commit: for so long,
  /// then, once.
  [[nodiscard]] std::optional<std::chrono::milliseconds> give_up_if_silent(std::chrono::milliseconds patience);
  /// The server is being told.
  [[nodiscard]] bool cancelling() const noexcept { return told_ != nullptr; }

  /// While it is busy.
  [[nodiscard]] holder_table::holder holder() const;

private:
  struct flying {
    std::unique_ptr<pool_job> job;
    connection::timing expected;
    bool abandoned = false;
  };

  void run_deferred() override;
  void ended(statement_pipe::outcome&& what) noexcept override;

  [[nodiscard]] bool open(const std::shared_ptr<connection>& session);
  void take_more(std::size_t most, bool as_company);
  void put(std::unique_ptr<pool_job> job, connection::timing expected);
  void leave_for_thread(pool_job&& job, bool behind_others);
  void answer(const pool_job& job, statement_answer&& what);
  void flush();
  void on_socket(std::uint32_t events) override;
  void note(std::chrono::nanoseconds took);
  void become_idle_or_return();
  void give_back(session_returned&& what);
  void close() noexcept;
  void begin_cancelling();
  [[nodiscard]] bool all_abandoned() const;
  void shut() noexcept;

  owner& owner_;
  troupe::detail::event_loop& loop_;
  troupe::detail::poller& sockets_;
  std::shared_ptr<job_queue> queue_;
  std::shared_ptr<statement_statistics> statistics_;
  std::shared_ptr<warning_limit> refusals_;
  std::string told_as_;
  job_queue::slot number_;
  std::chrono::milliseconds slow_statement_;
  std::chrono::milliseconds connect_timeout_;
  bool explains_slow_;
  std::size_t most_at_once_;

  std::shared_ptr<connection> session_; // null: away
  std::unique_ptr<statement_pipe> pipe_;
  troupe::detail::file_descriptor socket_; // its own: libpq may close its one at any time
  bool busy_ = false;
  bool looks_ = false;
  bool writing_ = false;           // what the socket would not take waits until it does
  std::deque<flying> under_way_;   // in the order in which they end
  std::deque<std::size_t> flushed_; // as many as went out together, of those under way
  std::size_t put_ = 0;             // of these, not flushed
  connection::timing load_; // of all under way
  troupe::detail::steady_time since_;      // busy
  troupe::detail::steady_time progress_;   // something ended, or the first was put in
  session_returned left_; // for the connection actor
  std::ptrdiff_t last_ones_ = 0; // of its jobs: they go behind the others
  struct ended_one {
    sql_statement statement;
    answer_gist is;
  };
  std::vector<ended_one> ended_; // in this turn, to be noted

  // Only as long as a function runs; members, so that they keep their memory.
  std::vector<connection::timing> expected_;
  std::vector<statement_statistics::run> runs_;

  std::shared_ptr<std::atomic<bool>> told_; // null: the server is not being told to cancel
  troupe::detail::steady_time telling_since_;
  std::optional<troupe::detail::steady_time> untold_since_; // it could not be told
  bool shut_ = false; // nothing more is heard from it but that
  std::size_t may_be_hit_ = 0; // so many of those under way, when the server had been told
};

} // namespace troupe::storage
