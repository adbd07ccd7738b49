#pragma once

#include "actors/messages/cluster.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// A node as a gateway sees it.
struct node_view {
  /// Unique for the life of the gateway; a node that joins again gets a new one.
  std::uint64_t id = 0;
  std::string name;
  /// Its own, by which it is known in the whole cluster.
  std::uint64_t node_id = 0;
  /// Of keyed actors of the whole cluster.
  std::vector<std::string> kinds;
  bool local = false;
  std::uint32_t capacity = 1;
  /// Remote nodes: requests that they take from this gateway before they have answered.
  std::uint32_t max_in_work = 1;
  std::vector<service_announcement> services;
  /// Remote nodes: the actor that joined; it takes `farewell`.
  caf::strong_actor_ptr agent;
  /// Remote nodes: the dispatchers of its event loops.
  std::vector<caf::strong_actor_ptr> dispatchers;
  /// The local node: worker actors by [event loop][service].
  std::vector<std::vector<caf::strong_actor_ptr>> workers;
};

/// All nodes that take requests now, oldest first, the local one at the front. Immutable: a change
/// makes a new one.
struct cluster_view {
  std::vector<node_view> nodes;
  /// Services that no node serves at present but did: their routes answer 503, not 404.
  std::vector<service_announcement> departed;
};

/// Message to every gateway loop: the view has changed.
struct view_changed {
  std::shared_ptr<const cluster_view> view;
};

/// Message to every gateway loop, after the `view_changed` without that node: what was in flight
/// there will never be answered.
struct node_gone {
  std::uint64_t id = 0;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::view_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::node_gone)
