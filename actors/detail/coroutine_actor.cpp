#include "actors/detail/coroutine_actor.hpp"

#include "actors/detail/state_actor.hpp"
#include "actors/messages/call.hpp"
#include "actors/messages/local.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace troupe::detail {

coroutine_actor::coroutine_actor(caf::actor_config& config, event_loop& loop,
                                 const node_services& node)
  : pinned_actor(config, loop), host(loop), node_(node), context_(*this, node.node_name) {
  set_default_handler(caf::drop);
}

coroutine_actor::~coroutine_actor() = default;

bool coroutine_actor::send_to_database(std::uint64_t id, sql_statement&& what) {
  if (!node_.database)
    return false;
  deliver(caf::actor_cast<caf::strong_actor_ptr>(node_.database), self(), call_id{id},
          std::move(what));
  return true;
}

bool coroutine_actor::acquire_connection(std::uint64_t id) {
  if (!node_.database)
    return false;
  deliver(caf::actor_cast<caf::strong_actor_ptr>(node_.database), self(), call_id{id},
          sql_acquire{});
  return true;
}

void coroutine_actor::send_to_connection(const actor_address& to, std::uint64_t id,
                                         sql_statement&& what) {
  deliver(to_caf(to), self(), call_id{id}, std::move(what));
}

void coroutine_actor::release_connection(const held_connection& held) {
  deliver(to_caf(held.connection), self(), sql_release{held.lease});
}

void coroutine_actor::send_local(const actor_address& to, std::uint64_t id,
                                 std::shared_ptr<local_message> what) {
  deliver(to_caf(to), self(), call_id{id}, local_call{std::move(what)});
}

actor_address coroutine_actor::spawn_state_actor(std::unique_ptr<state_box> state) {
  auto made = spawn_pinned<state_actor>(loop(), node_, std::shared_ptr<state_box>{std::move(state)});
  children_.push_back(made);
  return from_caf(caf::actor_cast<caf::strong_actor_ptr>(made));
}

void coroutine_actor::retire(std::shared_ptr<spawned_base> spawned) {
  retired_.push_back(std::move(spawned));
  loop().defer(*this);
}

void coroutine_actor::run_deferred() {
  for (const auto& each : std::exchange(retired_, {}))
    let_go(each);
}

void coroutine_actor::bounce(caf::mailbox_element& what) {
  auto& content = what.content();
  if (content.size() != 2 || !content.match_element<call_id>(0)
      || !(content.match_element<local_call>(1) || content.match_element<troupe::request>(1)))
    return; // nobody waits for an answer
  auto id = content.get_as<call_id>(0);
  if (id.value != 0)
    deliver(what.sender, nullptr, id, failure{errc::unavailable, "the actor has ended"});
}

void coroutine_actor::on_exit() {
  drop_work();
  cancel_all();
  retired_.clear();
  loop().undefer(*this);
  context_.clear_locals();
  for (const auto& child : std::exchange(children_, {}))
    end_actor(child);
  node_.database = nullptr;
}

caf::message_handler coroutine_actor::reply_handlers() {
  return {
    [this](call_id id, sql_result& value) { resolve(id.value, std::move(value)); },
    [this](call_id id, failure& value) { resolve(id.value, std::move(value)); },
    [this](call_id id, local_reply& value) { resolve(id.value, std::move(value.value)); },
    [this](call_id id, sql_lease& value) {
      resolve(id.value,
              held_connection{from_caf(caf::actor_cast<caf::strong_actor_ptr>(value.connection)),
                              value.lease});
    },
  };
}

} // namespace troupe::detail
