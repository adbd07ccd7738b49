#pragma once

#include "actors/detail/caf.hpp"
#include "actors/detail/near.hpp"
#include "actors/detail/poller.hpp"
#include "actors/detail/timer.hpp"
#include "actors/messages/call.hpp"
#include "actors/messages/database_figures.hpp"
#include "config/settings.hpp"
#include "storage/database.hpp"
#include "storage/detail/backoff.hpp"
#include "storage/detail/cancellations.hpp"
#include "storage/detail/channels.hpp"
#include "storage/detail/connection_actor.hpp"
#include "storage/detail/driven_session.hpp"
#include "storage/detail/job_queue.hpp"
#include "storage/detail/pool_messages.hpp"
#include "storage/detail/pool_trouble.hpp"
#include "storage/detail/single_flight.hpp"

#include <caf/actor.hpp>
#include <caf/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

/// Owns a pool of connections; storage/database.hpp says what it answers.
///
/// It opens connections when jobs wait, gives jobs to idle connections, refuses those that waited
/// too long. While no connection can be opened ("away"), one attempt at a time is made, with
/// growing pauses; meanwhile a fallback is given what is asked, and answers it. Thread: its loop's.
class database_actor final : public troupe::detail::pinned_actor,
                             public troupe::detail::near_database,
                             public driven_session::owner {
public:
  database_actor(caf::actor_config& config, troupe::detail::event_loop& loop,
                 config::storage_settings settings, pool_share pool);

  caf::behavior make_behavior() override;
  void on_exit() override;
  bool take_statement(const caf::strong_actor_ptr& from, call_id id, sql_statement&& what) override;

private:
  /// What a statement that nobody waits for gets to end with those in front of it, or behind.
  static constexpr std::chrono::milliseconds abandoned_patience{50};

  enum class state : std::uint8_t { closed, opening, open, checking, closing };

  struct connection_slot {
    caf::actor actor; // none before the first opening
    state now = state::closed;
    std::weak_ptr<connection> session;
    std::unique_ptr<driven_session> driven; // that session, as this loop runs statements on it
    troupe::detail::steady_time opened;
    troupe::detail::steady_time asked; // whether it is still there
  };

  void submit(caf::strong_actor_ptr requester, call_id call, std::uint64_t lease, sql_statement statement);
  void take(const caf::strong_actor_ptr& from, call_id call, sql_statement&& statement);
  void refuse_change(const caf::strong_actor_ptr& from, call_id call, const sql_statement& statement, const char* why,
                     const char* detail);
  void submit_shared(const caf::strong_actor_ptr& from, call_id call, sql_statement statement);
  template <class Answer>
  void answer_shared(call_id flight, const Answer& what);
  void give(job_queue::slot number, pool_job&& job);
  bool let_one_look(const std::function<bool(const driven_session&)>& fits);
  void reject(const pool_job& job, const std::string& why);
  [[nodiscard]] bool hands_over() const;
  void hand_over(pool_job&& job);
  void open_more();
  void open_closed_ones();
  void open(job_queue::slot number);
  void on_opened(connection_opened& message);
  void on_closed(job_queue::slot number);
  void on_lost(const connection_lost& message);
  void on_down(const caf::down_msg& down);
  void retry_later();
  void retry();
  void arm_patience();
  void end_patience();
  void arm_expiry();
  void expire();
  void arm_slow_acquire();
  void tell_slow_acquire();
  void abandon(call_id call);
  bool notify(const std::vector<sql_value>& notices);
  void cancel(holder_table::target what);
  [[nodiscard]] bool tell_to_cancel(job_queue::slot which, std::function<void()> told);
  void arm_watch(std::chrono::milliseconds pause);
  void cancel_overdue();
  void arm_upkeep();
  void close_unneeded();
  void close(const std::vector<job_queue::slot>& which);
  void on_cluster_size(std::size_t nodes);
  [[nodiscard]] std::size_t allowed() const noexcept;
  void check_one();
  void give_up_silent_ones();
  void stop(caf::error reason);
  void interrupt_all();
  bool warn(const std::string& line);
  [[nodiscard]] std::size_t count(state wanted) const;
  [[nodiscard]] std::size_t about_to_be_idle() const;
  [[nodiscard]] pool_statistics statistics() const;
  [[nodiscard]] database_figures figures(std::size_t statements) const;
  [[nodiscard]] std::vector<holder_table::holder> holders() const;
  [[nodiscard]] pool_trouble why_no_connection(std::chrono::milliseconds waited, std::size_t waiting) const;

  // driven_session::owner
  void give_to_idle_ones() override;
  void watch() override { arm_watch(abandoned_patience); }
  void on_session_returned(job_queue::slot which, session_returned&& what) override;
  bool may_be_idle(job_queue::slot which) override;
  bool cancel(job_queue::slot which, std::shared_ptr<std::atomic<bool>> told) override;
  std::size_t sessions_that_look() override { return looking_; }
  void looks(int one_more_or_less) override { looking_ += static_cast<std::size_t>(one_more_or_less); }

  config::storage_settings settings_;
  pool_share pool_;
  single_flight flights_;
  std::optional<troupe::detail::poller> sockets_; // of sessions that the loop drives; none after the end
  std::shared_ptr<channels> channels_;
  std::vector<connection_slot> slots_;
  std::uint64_t leases_granted_ = 0;
  std::size_t looking_ = 0; // sessions, for work in this step
  bool away_ = false;
  caf::strong_actor_ptr fallback_; // none: what is asked waits
  std::uint64_t handed_over_ = 0;
  backoff backoff_;
  troupe::detail::steady_time next_slow_acquire_{};
  bool has_server_;
  std::size_t nodes_ = 1;                       // that share what the server allows
  std::optional<std::size_t> sessions_allowed_; // by it, in all
  bool stopping_ = false;
  caf::error stop_reason_;
  troupe::detail::timer retry_;
  troupe::detail::timer expiry_;
  troupe::detail::timer slow_acquire_;
  troupe::detail::timer grace_;
  troupe::detail::timer patience_;
  troupe::detail::timer watch_;  // what is abandoned and runs on
  troupe::detail::timer upkeep_; // what nobody needs
  cancellations cancellations_;
};

} // namespace troupe::storage
