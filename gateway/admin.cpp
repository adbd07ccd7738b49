#include "gateway/admin.hpp"

#include "actors/cluster/membership.hpp"
#include "actors/context.hpp"
#include "actors/detail/actor_view.hpp"
#include "actors/detail/courier_actor.hpp"
#include "actors/messages/database_figures.hpp"
#include "actors/messages/local.hpp"
#include "gateway/detail/gateway_actor.hpp"

#include <nlohmann/json.hpp>

namespace troupe::gateway {

namespace {

using ordered_json = nlohmann::ordered_json;

/// Sends `(call_id, query)` to an actor outside of the services and waits for its `local_reply`.
template <class Answer, class Query>
task<Answer> ask(context& ctx, caf::strong_actor_ptr to, Query query) {
  auto& through = detail::courier_of(ctx.host().loop());
  auto value = co_await detail::reply_to{through, [&](std::uint64_t id) {
    detail::deliver(to, through.self(), call_id{id}, query);
  }};
  auto held = detail::expect_reply<std::shared_ptr<void>>(std::move(value));
  co_return std::move(*static_cast<Answer*>(held.get()));
}

ordered_json describe(const service_announcement& what) {
  auto routes = ordered_json::array();
  for (const auto& each : what.routes)
    routes.push_back(std::string{to_string(each.method)} + " " + each.pattern);
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

task<response> readiness(context& ctx, const admin_sources& from) {
  if (!from.ready())
    co_return status_text(503, "not ready");
  auto view = co_await ask<view_ptr>(ctx, from.membership, view_query{});
  co_return view->nodes.empty() ? status_text(503, "no worker node is joined")
                                : status_text(200, "ready");
}

task<response> nodes(context& ctx, const admin_sources& from) {
  std::map<std::uint64_t, loop_figures::of_node> sums;
  for (const auto& loop : from.loops) {
    auto figures = co_await ask<loop_figures>(ctx, loop, figures_query{});
    for (const auto& [id, each] : figures.nodes) {
      sums[id].outstanding += each.outstanding;
      sums[id].answered += each.answered;
    }
  }
  auto view = co_await ask<view_ptr>(ctx, from.membership, view_query{});
  auto list = ordered_json::array();
  for (const auto& each : view->nodes)
    list.push_back(describe(each, sums[each.id]));
  co_return json_body(ordered_json{{"nodes", list}}.dump());
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
  co_return json_body(ordered_json{{"total", total}, {"actors", list}}.dump());
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
  const auto found = co_await ask<database_figures>(ctx, detail::to_caf(which.actor), database_figures_query{limit});
  auto holders = ordered_json::array(), statements = ordered_json::array();
  for (const auto& each : found.holders)
    holders.push_back(describe(each));
  for (const auto& each : found.statements)
    statements.push_back(describe(each));
  co_return ordered_json{{"max_connections", found.max_connections},
                         {"in_use", found.in_use},
                         {"idle", found.idle},
                         {"waiting", found.waiting},
                         {"holders", holders},
                         {"statements", statements}};
}

/// The default one, and the others by their names within it, as in the settings.
task<response> database(context& ctx, const request& req) {
  const auto limit = req.query<int>("limit", 100);
  if (limit < 0)
    throw error{errc::invalid_argument, "limit is how many statements of each database are shown"};
  const auto& node = ctx.host().node();
  if (!node.database.actor)
    throw error{errc::not_found, "the node has no database"};
  auto out = co_await describe(ctx, node.database, static_cast<std::size_t>(limit));
  auto others = ordered_json::object();
  for (const auto& each : node.further_databases)
    others[each.name] = co_await describe(ctx, each, static_cast<std::size_t>(limit));
  out["databases"] = std::move(others);
  co_return json_body(out.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
}

} // namespace

service admin_service(admin_sources sources) {
  service out{"admin"};
  out.get("/healthz", [](context&, const request&) -> task<response> {
    co_return status_text(200, "ok");
  });
  out.get("/readyz", [sources](context& ctx, const request&) { return readiness(ctx, sources); });
  out.get("/_troupe/nodes", [sources](context& ctx, const request&) {
    return nodes(ctx, sources);
  });
  out.get("/_troupe/actors", actors);
  out.get("/_troupe/database", database);
  return out;
}

} // namespace troupe::gateway
