#pragma once

#include "actors/detail/address.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::detail {

class blocking_pool;
class event_loop;
class keyed_directory;
class span_queue;
class topic_registry;

/// A database of the node.
struct node_database {
  std::string name;                 // "storage": the default one; else that of databases.NAME
  std::vector<actor_address> pools; // database actors: one for all loops, or one for each; none: the node has no storage
  bool share_reads = true;          // its setting of that name

  /// REQUIRES: there are some.
  [[nodiscard]] const actor_address& pool_of(unsigned loop) const noexcept { return pools[loop % pools.size()]; }
};

/// What every actor of a node knows about the node.
struct node_services {
  std::string node_name;
  node_database database;                           // the default one
  std::vector<node_database> further_databases;
  std::shared_ptr<blocking_pool> blocking;          // null: ctx.blocking is refused
  std::shared_ptr<keyed_directory> keyed;           // null: keyed actors are refused
  std::shared_ptr<topic_registry> topics;           // null: topics are refused
  std::shared_ptr<span_queue> spans;                // null: none are recorded
  bool traces_in_sql = false;                       // statements of sampled traces say so
  std::vector<event_loop*> loops;                   // of the node; empty: only the actor's own
};

using node_services_ptr = std::shared_ptr<const node_services>;

} // namespace troupe::detail
