#include "actors/detail/courier_actor.hpp"

#include "actors/messages/call.hpp"
#include "actors/messages/local.hpp"

#include <caf/message_handler.hpp>

namespace troupe::detail {

courier_actor::courier_actor(caf::actor_config& config, event_loop& loop)
  : pinned_actor(config, loop), courier(loop) {
  set_default_handler(caf::drop);
}

caf::behavior courier_actor::make_behavior() {
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

void courier_actor::send_statement(const actor_address& to, std::uint64_t id,
                                   sql_statement&& what) {
  const auto database = to_caf(to);
  if (auto* near = find_near(database); near != nullptr && near->take_statement(self(), call_id{id}, std::move(what)))
    return;
  deliver(database, self(), call_id{id}, std::move(what));
}

/// Null: it is of another loop, or no database.
near_database* courier_actor::find_near(const caf::strong_actor_ptr& database) {
  if (last_database_.get() != database.get()) {
    auto* found = caf::actor_cast<caf::abstract_actor*>(database);
    auto* pinned = dynamic_cast<pinned_actor*>(found);
    last_near_ = pinned != nullptr && &pinned->loop() == &loop() ? dynamic_cast<near_database*>(found) : nullptr;
    last_database_ = caf::weak_actor_ptr{database.get()};
  }
  return last_near_;
}

void courier_actor::acquire_connection(const actor_address& database, std::uint64_t id,
                                       const std::string* asked_by) {
  deliver(to_caf(database), self(), call_id{id}, sql_acquire{asked_by});
}

void courier_actor::send_listen(const actor_address& database, std::uint64_t id, sql_listen&& what) {
  deliver(to_caf(database), self(), call_id{id}, std::move(what));
}

void courier_actor::abandon_statement(const actor_address& database, std::uint64_t id) {
  deliver(to_caf(database), self(), call_id{id}, sql_abandoned{});
}

void courier_actor::release_connection(const held_connection& held) {
  deliver(to_caf(held.connection), self(), sql_release{held.lease});
}

std::shared_ptr<courier> make_courier(event_loop& loop) {
  auto made = spawn_pinned<courier_actor>(loop);
  auto* actor = static_cast<courier_actor*>(caf::actor_cast<caf::abstract_actor*>(made));
  return {actor, [kept = std::move(made)](courier*) {}};
}

courier_actor& courier_of(event_loop& loop) {
  return static_cast<courier_actor&>(loop.courier());
}

} // namespace troupe::detail
