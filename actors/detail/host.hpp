#pragma once

#include "actors/detail/address.hpp"
#include "actors/detail/suspended.hpp"
#include "actors/detail/timer.hpp"
#include "actors/messages/sql.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <variant>

namespace troupe::detail {

class host;
class event_loop;
class local_message;
class state_box;

/// A connection actor that is held for a transaction.
struct held_connection {
  actor_address connection;
  std::uint64_t lease = 0;
};

/// What can come back for a message: a failure, a database's answer, a stateful actor's answer.
using reply = std::variant<failure, sql_result, held_connection, std::shared_ptr<void>>;

/// A coroutine that waits for a reply. Lives in the frame: destroying the frame forgets the call.
class pending_reply {
public:
  explicit pending_reply(host& owner) noexcept : owner_(owner) {}
  pending_reply(const pending_reply&) = delete;
  pending_reply& operator=(const pending_reply&) = delete;

  std::coroutine_handle<> handle;
  reply value;

protected:
  ~pending_reply();
  host& owner_;
  std::uint64_t id_ = 0;

  friend class host;
};

/// A task that runs on its own, kept alive by the host until it has ended.
class spawned_base : public std::enable_shared_from_this<spawned_base> {
public:
  spawned_base() = default;
  spawned_base(const spawned_base&) = delete;
  spawned_base& operator=(const spawned_base&) = delete;
  virtual ~spawned_base() = default;

  /// Destroys the coroutine; those who wait for it get error{unavailable}.
  virtual void cancel() noexcept = 0;
  /// Frees what the ended coroutine still holds.
  virtual void release_frame() noexcept = 0;
  /// Text of the exception it ended with; empty if none.
  [[nodiscard]] virtual std::string failure_text() const = 0;
};

/// What an actor that runs coroutines offers to them. One loop's thread only.
class host {
public:
  explicit host(event_loop& loop) noexcept : loop_(loop) {}
  host(const host&) = delete;
  host& operator=(const host&) = delete;

  [[nodiscard]] timer_queue& timers() noexcept;

  // -- messages out; `id` comes back with the reply --------------------------------------------

  /// To the node's database actor. False when the node has none.
  virtual bool send_to_database(std::uint64_t id, sql_statement&& what) = 0;
  virtual bool acquire_connection(std::uint64_t id) = 0;
  virtual void send_to_connection(const actor_address& to, std::uint64_t id, sql_statement&& what) = 0;
  virtual void release_connection(const held_connection& held) = 0;
  /// To a stateful actor; `id` 0 wants no reply.
  virtual void send_local(const actor_address& to, std::uint64_t id,
                          std::shared_ptr<local_message> what) = 0;
  /// A new stateful actor on the same loop, ended together with this actor.
  virtual actor_address spawn_state_actor(std::unique_ptr<state_box> state) = 0;

  // -- replies in --------------------------------------------------------------------------------

  std::uint64_t expect(pending_reply& waiting);
  void forget(std::uint64_t id) noexcept { pending_.erase(id); }

  // -- spawned tasks -----------------------------------------------------------------------------

  void keep(std::shared_ptr<spawned_base> spawned);
  /// The task has ended: it is let go at the end of the loop's step.
  virtual void retire(std::shared_ptr<spawned_base> spawned) = 0;

protected:
  ~host() = default;

  /// Resumes the coroutine that waits for `id`. A late lease is handed back.
  void resolve(std::uint64_t id, reply&& value);
  void let_go(const std::shared_ptr<spawned_base>& spawned);
  void cancel_all() noexcept;

private:
  event_loop& loop_;
  std::unordered_map<std::uint64_t, pending_reply*> pending_;
  std::uint64_t last_id_ = 0;
  std::unordered_set<std::shared_ptr<spawned_base>> spawned_;
};

inline pending_reply::~pending_reply() {
  if (id_ != 0)
    owner_.forget(id_);
}

/// `co_await reply_to(host, send)`: `send(id)` sends the message and says whether it could.
template <class Send>
class reply_to : public pending_reply {
public:
  reply_to(host& owner, Send send) : pending_reply(owner), send_(std::move(send)) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    handle = waiting;
    auto id = owner_.expect(*this);
    if (send_(id))
      return true;
    value = failure{errc::internal, ""};
    return false;
  }
  reply&& await_resume() noexcept { return std::move(value); }

private:
  Send send_;
};

/// The alternative T of a reply; throws `error` for a failure.
template <class T>
T expect_reply(reply&& value) {
  if (auto* failed = std::get_if<failure>(&value))
    throw error{failed->code, failed->detail};
  return std::get<T>(std::move(value));
}

} // namespace troupe::detail
