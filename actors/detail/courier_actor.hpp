#pragma once

#include "actors/detail/caf.hpp"
#include "actors/detail/courier.hpp"
#include "actors/detail/near.hpp"

#include <caf/behavior.hpp>

#include <memory>

namespace troupe::detail {

/// The courier of one loop, as a CAF actor: what is sent on behalf of a coroutine has it for sender.
class courier_actor : public pinned_actor, public courier {
public:
  courier_actor(caf::actor_config& config, event_loop& loop);

  caf::behavior make_behavior() override;

  void send_statement(const actor_address& to, std::uint64_t id, sql_statement&& what) override;
  void acquire_connection(const actor_address& database, std::uint64_t id,
                          const std::string* asked_by) override;
  void send_listen(const actor_address& database, std::uint64_t id, sql_listen&& what) override;
  void release_connection(const held_connection& held) override;
  void abandon_statement(const actor_address& database, std::uint64_t id) override;

  [[nodiscard]] caf::strong_actor_ptr self() { return caf::strong_actor_ptr{ctrl()}; }

private:
  [[nodiscard]] near_database* find_near(const caf::strong_actor_ptr& database);

  caf::weak_actor_ptr last_database_; // that a statement went to
  near_database* last_near_ = nullptr; // it, when it is of this loop
};

/// Alive as long as what it returns.
std::shared_ptr<courier> make_courier(event_loop& loop);

/// The courier of `loop`.
courier_actor& courier_of(event_loop& loop);

} // namespace troupe::detail
