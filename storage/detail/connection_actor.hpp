#pragma once

#include "actors/messages/call.hpp"
#include "config/settings.hpp"
#include "storage/connection.hpp"
#include "storage/detail/holder_table.hpp"
#include "storage/detail/job_queue.hpp"
#include "storage/detail/pool_share.hpp"
#include "storage/detail/statement_answer.hpp"

#include <caf/actor_addr.hpp>
#include <caf/event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

struct session_returned;

/// One connection of a pool, in a thread of its own (spawned detached) where it may block.
///
///              open_connection                take: a lease
///     closed ------------------> working/idle ------------> leased
///        ^   connection_lost         |    ^   sql_release,    |
///        +---------------------------+    +-------------------+
///                                             holder down
///
/// Closed it is, too, when it has been idle for long, or is old.
/// Work comes from the job queue, or as a pool_job when the connection was idle; answers go
/// straight to those who asked. No exception leaves a handler.
class connection_actor : public caf::event_based_actor {
public:
  connection_actor(caf::actor_config& config, caf::strong_actor_ptr database,
                   const pool_share& pool, job_queue::slot slot, config::storage_settings settings);

  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  class run_guard;

  void open();
  void work(std::optional<pool_job> job);
  [[nodiscard]] std::optional<pool_job> run(pool_job job);
  void take_over(session_returned& what);
  [[nodiscard]] statement_answer execute(const sql_statement& statement);
  [[nodiscard]] statement_answer execute_and_note(const sql_statement& statement);
  [[nodiscard]] sql_result execute_or_throw(const sql_statement& statement);
  [[nodiscard]] statement_answer run_for(const caf::strong_actor_ptr& requester, call_id call,
                                         const sql_statement& statement);
  void end_run();
  void tell_slow();
  [[nodiscard]] bool is_old() const noexcept;
  [[nodiscard]] std::optional<pool_job> next_job(std::optional<troupe::detail::steady_time> idle_since = std::nullopt);
  void check(troupe::detail::steady_time idle_since);
  void close();
  void give_back(pool_job job);
  void put_back(pool_job& job);
  void grant(const pool_job& job);
  void run_leased(call_id call, const sql_statement& statement);
  void end_lease();
  void stop();
  void report_lost(const std::string& why, bool while_opening);

  caf::strong_actor_ptr database_;
  std::shared_ptr<job_queue> queue_;
  std::shared_ptr<holder_table> holders_;
  std::shared_ptr<statement_statistics> statistics_;
  std::shared_ptr<warning_limit> refusals_;
  std::string told_as_;
  job_queue::slot slot_;
  config::storage_settings settings_;
  std::shared_ptr<connection> connection_; // null: closed
  std::uint64_t lease_ = 0;                // 0: not leased
  caf::actor_addr holder_;
  troupe::detail::steady_time too_old_; // the session, from then on
  std::vector<slow_statement> slow_; // to be told
  const char* broken_ = "it was closed while it was idle"; // the session, by what
  bool stopping_ = false;
};

} // namespace troupe::storage
