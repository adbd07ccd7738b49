#pragma once

#include "actors/context.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/host.hpp"

#include <caf/behavior.hpp>
#include <caf/message_handler.hpp>

#include <memory>
#include <string>
#include <vector>

namespace troupe::detail {

/// What every actor of a node knows about the node.
struct node_services {
  std::string node_name;
  caf::actor database; // null when the node has no storage
};

/// A pinned actor that runs coroutines. When it terminates, they are destroyed at once.
class coroutine_actor : public pinned_actor, public host, public deferred {
public:
  coroutine_actor(caf::actor_config& config, event_loop& loop, const node_services& node);
  ~coroutine_actor() override;

  bool send_to_database(std::uint64_t id, sql_statement&& what) override;
  bool acquire_connection(std::uint64_t id) override;
  void send_to_connection(const actor_address& to, std::uint64_t id, sql_statement&& what) override;
  void release_connection(const held_connection& held) override;
  void send_local(const actor_address& to, std::uint64_t id,
                  std::shared_ptr<local_message> what) override;
  actor_address spawn_state_actor(std::unique_ptr<state_box> state) override;
  void retire(std::shared_ptr<spawned_base> spawned) override;

  void run_deferred() override;
  void on_exit() override;

  [[nodiscard]] caf::strong_actor_ptr self() { return caf::strong_actor_ptr{ctrl()}; }

protected:
  /// Replies to what the coroutines have sent; for the end of every derived behavior.
  caf::message_handler reply_handlers();

  void bounce(caf::mailbox_element& what) override;

  /// Derived: destroy the coroutines that it owns itself.
  virtual void drop_work() = 0;

  [[nodiscard]] troupe::context& ctx() noexcept { return context_; }

  node_services node_;

private:
  troupe::context context_;
  std::vector<std::shared_ptr<spawned_base>> retired_;
  std::vector<caf::actor> children_;
};

} // namespace troupe::detail
