#include "gateway/detail/metrics_collector.hpp"

#include "actors/cluster/gateway_links.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/context.hpp"
#include "actors/detail/ask_actor.hpp"
#include "actors/detail/database_view.hpp"
#include "config/version.hpp"
#include "gateway/detail/gateway_actor.hpp"

#include <limits>

namespace troupe::gateway {

namespace {

task<void> add_database(context& ctx, metrics& to, const detail::node_database& which) {
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  to.databases.emplace_back(which.name, co_await detail::view_database(ctx, which, all));
}

task<metrics> collect_of_node(context& ctx) {
  metrics out;
  out.version = config::framework_version();
  out.process = read_process_figures();
  const auto& node = ctx.host().node();
  if (!node.database.pools.empty())
    co_await add_database(ctx, out, node.database);
  for (const auto& each : node.further_databases)
    co_await add_database(ctx, out, each);
  if (node.spans)
    out.spans = node.spans->count();
  if (node.topics)
    out.topics = node.topics->count();
  out.actors = co_await detail::sum_up_actors(ctx);
  co_return out;
}

} // namespace

task<std::vector<loop_figures>> figures_of(context& ctx,
                                           const std::vector<caf::strong_actor_ptr>& loops) {
  std::vector<loop_figures> out;
  for (const auto& each : loops)
    out.push_back(co_await detail::ask_actor<loop_figures>(ctx.host(), each, figures_query{}));
  co_return out;
}

std::map<std::uint64_t, loop_figures::of_node> sum_up_nodes(const std::vector<loop_figures>& loops) {
  std::map<std::uint64_t, loop_figures::of_node> out;
  for (const auto& loop : loops)
    for (const auto& [id, each] : loop.nodes) {
      out[id].outstanding += each.outstanding;
      out[id].answered += each.answered;
    }
  return out;
}

task<std::vector<link_state>> states_of_links(context& ctx, const worker_admin_sources& from) {
  std::vector<link_state> out;
  const auto links =
    co_await detail::ask_actor<std::vector<caf::strong_actor_ptr>>(ctx.host(), from.links, links_query{});
  for (const auto& each : links)
    out.push_back(co_await detail::ask_actor<link_state>(ctx.host(), each, link_query{}));
  co_return out;
}

task<metrics> collect_metrics(context& ctx, const admin_sources& from) {
  auto out = co_await collect_of_node(ctx);
  out.loops = co_await figures_of(ctx, from.loops);
  auto sums = sum_up_nodes(out.loops);
  const auto view =
    co_await detail::ask_actor<std::shared_ptr<const cluster_view>>(ctx.host(), from.membership, view_query{});
  for (const auto& each : view->nodes)
    out.nodes.push_back({each.name, sums[each.id].outstanding, sums[each.id].answered});
  co_return out;
}

task<metrics> collect_metrics(context& ctx, const worker_admin_sources& from) {
  auto out = co_await collect_of_node(ctx);
  for (const auto& link : co_await states_of_links(ctx, from))
    out.gateways.emplace_back(link.gateway, link.joined);
  co_return out;
}

} // namespace troupe::gateway
