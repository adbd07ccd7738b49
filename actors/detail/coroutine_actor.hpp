#pragma once

#include "actors/context.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/host.hpp"

namespace troupe::detail {

/// A pinned actor of CAF's that runs coroutines. When it ends, they are destroyed at once.
class coroutine_actor : public pinned_actor, public host {
public:
  coroutine_actor(caf::actor_config& config, event_loop& loop, node_services_ptr node);
  ~coroutine_actor() override;

  using host::loop;

  void on_exit() override;

protected:
  /// Derived: destroy the coroutines that it owns itself.
  virtual void drop_work() = 0;

  /// Ends all that the actor has made: tasks, actors, values of its own.
  void clear(const char* why) noexcept;

  [[nodiscard]] troupe::context& ctx() noexcept { return context_; }

private:
  troupe::context context_;
};

} // namespace troupe::detail
