#pragma once

#include "actors/service.hpp"

#include <caf/actor_control_block.hpp>

#include <functional>
#include <string>
#include <vector>

namespace troupe::gateway {

/// What the admin listener of a gateway reports on.
struct admin_sources {
  caf::strong_actor_ptr membership;
  /// The gateway actors of the public listener, one for each event loop, and that of the redirect.
  std::vector<caf::strong_actor_ptr> loops;
  /// Why the node takes no requests, as while it starts and while it drains; empty when it does. /readyz
  /// also wants a node that could answer them. Any thread.
  std::function<std::string()> why_not_ready;
};

/// What that of a worker node reports on.
struct worker_admin_sources {
  /// Its gateway_links. /readyz wants one of them that has joined.
  caf::strong_actor_ptr links;
  std::function<std::string()> why_not_ready;
};

/// GET /healthz, /readyz, /metrics, /_troupe/nodes, /_troupe/routes, /_troupe/actors (the actors of this node) and
/// /_troupe/database (its connections and statements); POST /_troupe/nodes/{name}/drain. Names no
/// secrets, but is for operators: it is served on a listener of its own, which asks for
/// gateway.admin_token if there is one.
service admin_service(admin_sources sources);

/// Those of a worker node: all that does not ask for other nodes.
service worker_admin_service(worker_admin_sources sources);

} // namespace troupe::gateway
