#pragma once

#include "actors/task.hpp"
#include "gateway/admin.hpp"
#include "gateway/detail/metrics.hpp"

#include <map>

namespace troupe {
class context;
struct link_state;
} // namespace troupe

namespace troupe::gateway {

/// Asks each loop of the gateway, membership, the databases and the actors of this node, by messages.
task<metrics> collect_metrics(context& ctx, const admin_sources& from);

/// The same on a worker node.
task<metrics> collect_metrics(context& ctx, const worker_admin_sources& from);

/// What all loops say of each node, by node_view::id.
std::map<std::uint64_t, loop_figures::of_node> sum_up_nodes(const std::vector<loop_figures>& loops);

/// Asks each loop.
task<std::vector<loop_figures>> figures_of(context& ctx, const std::vector<caf::strong_actor_ptr>& loops);

/// Of a worker node: how it stands with each gateway.
task<std::vector<link_state>> states_of_links(context& ctx, const worker_admin_sources& from);

} // namespace troupe::gateway
