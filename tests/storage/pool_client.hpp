#pragma once

#include "actors/detail/event_loop.hpp"
#include "actors/messages/call.hpp"
#include "actors/messages/database_figures.hpp"
#include "config/settings.hpp"
#include "storage/database.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace troupe::storage::test {

/// One answer of a pool.
struct reply {
  std::uint64_t call = 0;
  std::variant<std::monostate, sql_result, failure, sql_lease, pool_statistics, std::shared_ptr<database_figures>> value;

  /// Reports a test failure when the answer is another one.
  template <class T>
  [[nodiscard]] T as() const;
};

/// A database actor on a loop of its own, or those of a node with several loops, and one actor that asks them.
class pool_client {
public:
  explicit pool_client(const config::storage_settings& settings, unsigned loops = 1);
  pool_client(const pool_client&) = delete;
  pool_client& operator=(const pool_client&) = delete;
  ~pool_client();

  /// Sends to the database actor; returns the call's number.
  template <class Message>
  std::uint64_t send(Message message) {
    return send_to(database(), std::move(message));
  }
  template <class Message>
  std::uint64_t send_to(const caf::actor& to, Message message) {
    self_->send(to, call_id{++calls_}, std::move(message));
    return calls_;
  }
  /// Nobody waits for it any more. Its answer, if there is one, still comes.
  void abandon(std::uint64_t call) { self_->send(database(), call_id{call}, sql_abandoned{}); }
  void release(const sql_lease& lease) {
    self_->send(lease.connection, sql_release{lease.lease});
  }

  /// The next answer, whichever call it is for; reports a test failure when none comes.
  reply next();

  /// Sends, and waits for the answer.
  template <class Message>
  reply ask(Message message) {
    send(std::move(message));
    return next();
  }
  template <class Message>
  reply ask(const caf::actor& which, Message message) {
    send_to(which, std::move(message));
    return next();
  }
  reply ask(const sql_lease& on, sql_statement what) {
    send_to(on.connection, std::move(what));
    return next();
  }

  /// An actor of its own that asks for a lease, gets it and ends.
  void acquire_and_die();

  /// Ends the database actor and waits until it is down.
  void stop();
  void begin_stop();

  [[nodiscard]] const caf::actor& database() const noexcept { return databases_.front(); }
  /// In the order of their loops.
  [[nodiscard]] const std::vector<caf::actor>& databases() const noexcept { return databases_; }

private:
  caf::actor_system_config config_;
  caf::actor_system system_;
  std::vector<std::unique_ptr<troupe::detail::event_loop>> loops_;
  caf::scoped_actor self_;
  std::vector<caf::actor> databases_;
  std::uint64_t calls_ = 0;
};

} // namespace troupe::storage::test
