#pragma once

/// What differs most between CAF 0.17 and CAF 1.x: the execution unit, the pinned actor's
/// `enqueue`, how a message is built.

#include "actors/detail/address.hpp"
#include "actors/detail/cores.hpp"
#include "actors/detail/event_loop.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/execution_unit.hpp>
#include <caf/intrusive/task_result.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/resumable.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>
#include <caf/thread_hook.hpp>
#include <caf/type_nr.hpp>

#include <atomic>
#include <tuple>
#include <utility>

namespace troupe::detail {

/// Runs CAF actors on an event loop.
class loop_unit : public caf::execution_unit {
public:
  loop_unit(caf::actor_system& system, event_loop& loop)
    : caf::execution_unit(&system), loop_(loop) {}

  /// Unlike CAF's contract: any thread.
  void exec_later(caf::resumable* job) override { loop_.enqueue(job); }

private:
  event_loop& loop_;
};

/// From now on CAF's mailbox takes nothing; calls `f(caf::mailbox_element&)` for each message that is left in it, and frees it.
/// On the actor's own thread.
template <class F>
void close_mailbox(caf::scheduled_actor& of, F f) {
  auto& mailbox = of.mailbox();
  if (mailbox.closed())
    return;
  mailbox.close();
  // A tree of queues, which calls it with the way to each message and, last, the message.
  auto take = [&f](auto&&... way) {
    f(std::get<sizeof...(way) - 1>(std::forward_as_tuple(way...)));
    return caf::intrusive::task_result::resume;
  };
  while (mailbox.queue().new_round(1000, take).consumed_items > 0) {
  }
}

/// An actor that always runs on one event loop, whoever sends to it.
class pinned_actor : public caf::event_based_actor {
public:
  pinned_actor(caf::actor_config& config, event_loop& loop)
    : caf::event_based_actor(config), loop_(loop), unit_(&loop.unit()) {}

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    if (mailbox().closed()) {
      bounce(*what);
      return;
    }
    caf::event_based_actor::enqueue(std::move(what), unit_);
  }

  [[nodiscard]] event_loop& loop() noexcept { return loop_; }

  /// Messages still in the mailbox when the actor ends get their answer, too.
  bool cleanup(caf::error&& reason, caf::execution_unit* unit) override {
    close_mailbox(*this, [this](caf::mailbox_element& what) { bounce(what); });
    return caf::event_based_actor::cleanup(std::move(reason), unit);
  }

protected:
  /// The actor has ended and will never see this message. Any thread.
  virtual void bounce(caf::mailbox_element&) {}

private:
  event_loop& loop_;
  caf::execution_unit* unit_; // not looked up in `loop_`: late messages may outlive it
};

/// A pinned actor that other nodes can send to: nothing that they send ends it.
class exposed_actor : public pinned_actor {
public:
  exposed_actor(caf::actor_config& config, event_loop& loop) : pinned_actor(config, loop) {
    set_default_handler(caf::drop);
    set_error_handler([](caf::error&) {});
    set_exit_handler([this](caf::exit_msg& what) { quit(std::move(what.reason)); });
  }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* unit) override {
    // Not left to the exit handler: CAF does not ask it about exit_reason::kill.
    if (!ending_ && what->content().type_token() == caf::make_type_token<caf::exit_msg>())
      return;
    pinned_actor::enqueue(std::move(what), unit);
  }

  /// The next exit message ends it. Any thread.
  void allow_end() noexcept { ending_ = true; }

private:
  std::atomic<bool> ending_{false};
};

/// Ends an actor of this node, exposed or not.
inline void end_actor(const caf::actor& what) {
  if (auto* exposed = dynamic_cast<exposed_actor*>(caf::actor_cast<caf::abstract_actor*>(what)))
    exposed->allow_end();
  caf::anon_send_exit(what, caf::exit_reason::user_shutdown);
}

/// Starts a pinned actor. Any thread; hidden from CAF's count of running actors, because the node
/// ends its actors itself before the loops stop.
template <class Actor, class... Args>
caf::actor spawn_pinned(event_loop& loop, Args&&... args) {
  caf::actor_config config{&loop.unit()};
  return loop.system().spawn_impl<Actor, caf::hidden>(config, std::ref(loop),
                                                      std::forward<Args>(args)...);
}

/// CAF's own threads, detached actors among them, may be started by a loop that is kept on one core.
class unpinned_threads final : public caf::thread_hook {
public:
  void init(caf::actor_system&) override {}
  void thread_started() override { run_on_any_core(); }
  void thread_terminates() override {}
};

/// Sends without a copy and without CAF's request bookkeeping; `from` may be null.
template <class... Values>
void deliver(const caf::strong_actor_ptr& to, caf::strong_actor_ptr from, Values&&... values) {
  if (to)
    to->enqueue(caf::make_mailbox_element(std::move(from), caf::make_message_id(), {},
                                          std::forward<Values>(values)...),
                nullptr);
}

/// The actor behind an address.
inline caf::strong_actor_ptr to_caf(const actor_address& from) {
  return caf::strong_actor_ptr{static_cast<caf::actor_control_block*>(from.control_block())};
}

inline actor_address from_caf(caf::strong_actor_ptr from) {
  return actor_address::adopt(from.release());
}

} // namespace troupe::detail
