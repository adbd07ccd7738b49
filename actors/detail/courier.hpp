#pragma once

#include "actors/detail/address.hpp"
#include "actors/detail/suspended.hpp"
#include "actors/messages/sql.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::detail {

class courier;
class event_loop;
class key_loader;
struct node_database;

/// A connection actor that is held for a transaction.
struct held_connection {
  actor_address connection;
  std::uint64_t lease = 0;
  const node_database* of = nullptr; // known to who asked for it; replies do not say
};

/// What can come back for a message: a failure, a database's answer, another CAF actor's answer.
using reply = std::variant<failure, sql_result, held_connection, std::shared_ptr<void>>;

/// A coroutine that waits for a reply. Lives in the frame: destroying the frame forgets the call.
class pending_reply : public suspended {
public:
  explicit pending_reply(courier& through) noexcept : courier_(through) {}

  reply value;

protected:
  ~pending_reply();
  /// The call that it waits for; 0: for none any more.
  [[nodiscard]] std::uint64_t waits_for() const noexcept { return id_; }
  courier& courier_;

private:
  friend class courier;
  std::uint64_t id_ = 0;
};

/// What waits for a reply and is no coroutine. Destroying it forgets the call.
class reply_receiver {
public:
  explicit reply_receiver(courier& through) noexcept : courier_(through) {}
  reply_receiver(const reply_receiver&) = delete;
  reply_receiver& operator=(const reply_receiver&) = delete;
  virtual ~reply_receiver() { static_cast<void>(forget()); }

  /// Called once, from no coroutine; may destroy this.
  virtual void on_reply(reply&& value) = 0;

  [[nodiscard]] courier& through() const noexcept { return courier_; }
  /// It does not come any more. The call's number; 0: none.
  std::uint64_t forget() noexcept;

private:
  friend class courier;
  courier& courier_;
  std::uint64_t id_ = 0;
};

/// Sends to CAF's actors, the database's among them, for all coroutines of one loop, and brings the
/// replies back. One loop's thread only.
class courier {
public:
  explicit courier(event_loop& loop);
  courier(const courier&) = delete;
  courier& operator=(const courier&) = delete;
  virtual ~courier();

  // -- messages out; `id` comes back with the reply ---------------------------------------------------

  virtual void send_statement(const actor_address& to, std::uint64_t id, sql_statement&& what) = 0;
  virtual void acquire_connection(const actor_address& database, std::uint64_t id,
                                  const std::string* asked_by) = 0;
  virtual void send_listen(const actor_address& database, std::uint64_t id, sql_listen&& what) = 0;
  virtual void release_connection(const held_connection& held) = 0;
  /// Nobody waits for the answer to what was sent as `id`, to the database or a connection of it.
  virtual void abandon_statement(const actor_address& database, std::uint64_t id) = 0;

  // -- replies in --------------------------------------------------------------------------------------

  std::uint64_t expect(pending_reply& waiting);
  std::uint64_t expect(reply_receiver& waiting);
  void forget(std::uint64_t id) noexcept;

  /// Resumes the coroutine that waits for `id`, or calls what waits for it. A late lease is handed back.
  void resolve(std::uint64_t id, reply&& value);

  /// A coroutine waits for it.
  [[nodiscard]] bool is_awaited(std::uint64_t id) const noexcept {
    return is_expected(id) && slots_[static_cast<std::uint32_t>(id)].waiting != nullptr;
  }
  /// The loop resumes the coroutine when it comes to it: for who is in the middle of something. REQUIRES: is_awaited.
  void resolve_soon(std::uint64_t id, reply&& value);

  [[nodiscard]] key_loader& loader() noexcept { return *loader_; }

private:
  struct slot {
    pending_reply* waiting = nullptr;
    reply_receiver* receiver = nullptr; // instead
    std::uint32_t generation = 0;
  };

  void drop(reply&& value);
  [[nodiscard]] bool is_expected(std::uint64_t id) const noexcept;
  [[nodiscard]] pending_reply* take_waiting(std::uint64_t id) noexcept;
  std::uint64_t take_slot(pending_reply* waiting, reply_receiver* receiver);

  event_loop& loop_;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::unique_ptr<key_loader> loader_;
};

inline pending_reply::~pending_reply() {
  if (id_ != 0)
    courier_.forget(id_);
  // A lease that has arrived, but whose coroutine was destroyed before it could go on.
  if (auto* held = std::get_if<held_connection>(&value); held != nullptr && held->connection)
    courier_.release_connection(*held);
}

/// `co_await reply_to(courier, send)`: `send(id)` sends the message.
template <class Send>
class reply_to : public pending_reply {
public:
  reply_to(courier& through, Send send) : pending_reply(through), send_(std::move(send)) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    send_(courier_.expect(*this));
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
