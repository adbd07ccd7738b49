#include "actors/detail/coroutine_actor.hpp"

namespace troupe::detail {

coroutine_actor::coroutine_actor(caf::actor_config& config, event_loop& loop, node_services_ptr node)
  : pinned_actor(config, loop), host(loop, std::move(node)), context_(*this) {
  set_default_handler(caf::drop);
}

coroutine_actor::~coroutine_actor() = default;

void coroutine_actor::on_exit() {
  drop_work();
  clear("its actor has ended");
}

void coroutine_actor::clear(const char* why) noexcept {
  do { // destructors may make more of it
    end_children(why);
    context_.clear_locals();
  } while (has_children());
}

} // namespace troupe::detail
