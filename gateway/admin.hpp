#pragma once

#include "actors/service.hpp"

#include <caf/actor_control_block.hpp>

#include <functional>
#include <vector>

namespace troupe::gateway {

/// What the admin listener reports on.
struct admin_sources {
  caf::strong_actor_ptr membership;
  /// The gateway actors of the public listener, one for each event loop.
  std::vector<caf::strong_actor_ptr> loops;
  /// Whether the node takes requests: false while it starts and while it drains. /readyz also wants a
  /// node that could answer them.
  std::function<bool()> ready;
};

/// GET /healthz, /readyz, /_troupe/nodes, /_troupe/actors (the actors of this node) and /_troupe/database (its
/// connections and statements). Names no
/// secrets, but is for operators: it is served on a listener of its own, which asks for
/// gateway.admin_token if there is one.
service admin_service(admin_sources sources);

} // namespace troupe::gateway
