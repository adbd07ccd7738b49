#include "gateway/admin.hpp"

#include "actors/cluster/gateway_links.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/context.hpp"
#include "actors/detail/actor_view.hpp"
#include "actors/detail/ask_actor.hpp"
#include "actors/detail/database_view.hpp"
#include "actors/messages/database_figures.hpp"
#include "gateway/detail/metrics_collector.hpp"

#include <nlohmann/json.hpp>

namespace troupe::gateway {

namespace {

using ordered_json = nlohmann::ordered_json;

/// What other nodes say of themselves may be no UTF-8.
std::string as_text(const ordered_json& what) {
  return what.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string name_of(const route_announcement& what) {
  return std::string{to_string(what.method)} + " " + what.pattern;
}

ordered_json describe(const service_announcement& what) {
  auto routes = ordered_json::array();
  for (const auto& each : what.routes)
    routes.push_back(name_of(each));
  return {{"name", what.name}, {"singleton", what.singleton}, {"routes", routes}};
}

ordered_json describe(const node_view& node, const loop_figures::of_node& figures) {
  auto services = ordered_json::array();
  for (const auto& each : node.services)
    services.push_back(describe(each));
  return {{"name", node.name},
          {"local", node.local},
          {"capacity", node.capacity},
          {"outstanding", figures.outstanding},
          {"answered", figures.answered},
          {"services", services}};
}

using view_ptr = std::shared_ptr<const cluster_view>;

response status_text(std::uint16_t code, const char* word) {
  return json_body(ordered_json{{"status", word}}.dump()).with_status(code);
}

response not_ready(const std::string& why) {
  return json_body(as_text({{"status", "not ready"}, {"why", why}})).with_status(503);
}

task<response> readiness(context& ctx, const admin_sources& from) {
  if (const auto why = from.why_not_ready(); !why.empty())
    co_return not_ready(why);
  const auto view = co_await detail::ask_actor<view_ptr>(ctx.host(), from.membership, view_query{});
  co_return view->nodes.empty() ? not_ready("no worker node is joined") : status_text(200, "ready");
}

/// A worker node is ready when a gateway may send it requests.
task<response> worker_readiness(context& ctx, const worker_admin_sources& from) {
  if (const auto why = from.why_not_ready(); !why.empty())
    co_return not_ready(why);
  std::string all;
  for (const auto& link : co_await states_of_links(ctx, from)) {
    if (link.joined)
      co_return status_text(200, "ready");
    all += (all.empty() ? "not joined to gateway " : "; to gateway ") + link.gateway + ": " + link.why;
  }
  co_return not_ready(all);
}

task<response> nodes(context& ctx, const admin_sources& from) {
  auto sums = sum_up_nodes(co_await figures_of(ctx, from.loops));
  const auto view = co_await detail::ask_actor<view_ptr>(ctx.host(), from.membership, view_query{});
  auto list = ordered_json::array();
  for (const auto& each : view->nodes)
    list.push_back(describe(each, sums[each.id]));
  co_return json_body(as_text({{"nodes", list}}));
}

/// The nodes of each route, by service and route as that is told: "GET /users/{id}".
struct told_route {
  bool singleton = false;
  std::vector<std::string> nodes;
};
using told_routes = std::map<std::pair<std::string, std::string>, told_route>;

void add_routes(told_routes& to, const service_announcement& service, const std::string* node) {
  for (const auto& each : service.routes) {
    auto& route = to[{service.name, name_of(each)}];
    route.singleton = service.singleton;
    if (node != nullptr)
      route.nodes.push_back(*node);
  }
}

task<response> routes(context& ctx, const admin_sources& from) {
  const auto view = co_await detail::ask_actor<view_ptr>(ctx.host(), from.membership, view_query{});
  told_routes all;
  for (const auto& node : view->nodes)
    for (const auto& service : node.services)
      add_routes(all, service, &node.name);
  for (const auto& service : view->departed)
    add_routes(all, service, nullptr);
  auto list = ordered_json::array();
  for (const auto& [name, each] : all)
    list.push_back({{"route", name.second},
                    {"service", name.first},
                    {"singleton", each.singleton},
                    {"nodes", each.nodes}});
  co_return json_body(as_text({{"routes", list}}));
}

std::string no_such_node(const cluster_view& view, const std::string& name) {
  std::string known;
  for (const auto& each : view.nodes)
    if (!each.local)
      known += (known.empty() ? "" : ", ") + each.name;
  return "no worker node \"" + name + "\" is joined"
         + (known.empty() ? ", nor any other" : "; there are: " + known);
}

task<response> drain(context& ctx, const request& req, const admin_sources& from) {
  const auto name = req.param<std::string>("name");
  const auto answer = co_await detail::ask_actor<drain_answer>(ctx.host(), from.membership, drain_node{name});
  if (answer.asked == 0) {
    const auto view = co_await detail::ask_actor<view_ptr>(ctx.host(), from.membership, view_query{});
    throw error{errc::not_found, no_such_node(*view, name)};
  }
  co_return json_body(as_text({{"status", "draining"}, {"node", name}, {"asked", answer.asked}}))
    .with_status(202);
}

template <class Sources>
task<response> metrics_page(context& ctx, const Sources& from) {
  const auto found = co_await collect_metrics(ctx, from);
  co_return text(to_text(found)).with_header("Content-Type", metrics_content_type);
}

ordered_json describe(const detail::actor_view& each) {
  return {{"name", each.name},
          {"kind", each.kind},
          {"supervisor", each.supervisor},
          {"state", each.state},
          {"loop", each.loop},
          {"mailbox", each.mailbox},
          {"handled", each.handled},
          {"restarts", each.restarts},
          {"age_ms", each.age.count()},
          {"tasks", each.tasks}};
}

task<response> actors(context& ctx, const request& req) {
  const auto limit = req.query<int>("limit", 1000);
  if (limit < 0)
    throw error{errc::invalid_argument, "limit is how many actors of each event loop are shown"};
  auto views = co_await detail::view_actors(ctx, static_cast<std::size_t>(limit));
  auto list = ordered_json::array();
  std::size_t total = 0;
  for (const auto& loop : views) {
    total += loop.actors;
    for (const auto& each : loop.shown)
      list.push_back(describe(each));
  }
  co_return json_body(as_text({{"total", total}, {"actors", list}}));
}

ordered_json describe(const database_figures::holder& each) {
  return {{"asked_by", each.asked_by},
          {"transaction", each.transaction},
          {"statement", each.statement},
          {"has_it_ms", each.has_it.count()},
          {"runs_ms", each.runs.count()}};
}

ordered_json describe(const database_figures::statement& each) {
  return {{"sql", each.sql.empty() ? "(others)" : each.sql},
          {"count", each.count},
          {"failures", each.failures},
          {"rows", each.rows},
          {"batches", each.batches},
          {"p50_us", each.p50.count()},
          {"p99_us", each.p99.count()},
          {"longest_us", each.longest.count()},
          {"total_us", each.total.count()}};
}

task<ordered_json> describe(context& ctx, const detail::node_database& which, std::size_t limit) {
  const auto found = co_await detail::view_database(ctx, which, limit);
  auto holders = ordered_json::array(), statements = ordered_json::array();
  for (const auto& each : found.holders)
    holders.push_back(describe(each));
  for (const auto& each : found.statements)
    statements.push_back(describe(each));
  co_return ordered_json{{"max_connections", found.max_connections},
                         {"in_use", found.in_use},
                         {"idle", found.idle},
                         {"waiting", found.waiting},
                         {"handed_over", found.handed_over},
                         {"holders", holders},
                         {"statements", statements}};
}

/// The default one, and the others by their names within it, as in the settings.
task<response> database(context& ctx, const request& req) {
  const auto limit = req.query<int>("limit", 100);
  if (limit < 0)
    throw error{errc::invalid_argument, "limit is how many statements of each database are shown"};
  const auto& node = ctx.host().node();
  if (node.database.pools.empty())
    throw error{errc::not_found, "the node has no database"};
  auto out = co_await describe(ctx, node.database, static_cast<std::size_t>(limit));
  auto others = ordered_json::object();
  for (const auto& each : node.further_databases)
    others[each.name] = co_await describe(ctx, each, static_cast<std::size_t>(limit));
  out["databases"] = std::move(others);
  co_return json_body(as_text(out));
}

/// What every node has.
service common_service() {
  service out{"admin"};
  out.get("/healthz", [](context&, const request&) -> task<response> {
    co_return status_text(200, "ok");
  });
  out.get("/_troupe/actors", actors);
  out.get("/_troupe/database", database);
  return out;
}

} // namespace

service admin_service(admin_sources sources) {
  auto out = common_service();
  out.get("/readyz", [sources](context& ctx, const request&) { return readiness(ctx, sources); });
  out.get("/metrics", [sources](context& ctx, const request&) { return metrics_page(ctx, sources); });
  out.get("/_troupe/nodes", [sources](context& ctx, const request&) { return nodes(ctx, sources); });
  out.get("/_troupe/routes", [sources](context& ctx, const request&) { return routes(ctx, sources); });
  out.post("/_troupe/nodes/{name}/drain", [sources](context& ctx, const request& req) {
    return drain(ctx, req, sources);
  });
  return out;
}

service worker_admin_service(worker_admin_sources sources) {
  auto out = common_service();
  out.get("/readyz", [sources](context& ctx, const request&) {
    return worker_readiness(ctx, sources);
  });
  out.get("/metrics", [sources](context& ctx, const request&) { return metrics_page(ctx, sources); });
  return out;
}

} // namespace troupe::gateway
