#include "node/detail/worker_node.hpp"

#include "actors/cluster/cluster_tls.hpp"
#include "actors/cluster/dispatcher.hpp"
#include "actors/cluster/gateway_links.hpp"
#include "actors/detail/keyed_registry.hpp"
#include "gateway/server.hpp"
#include "node/detail/export_traces.hpp"
#include "node/detail/listen.hpp"
#include "node/detail/log_setup.hpp"
#include "node/detail/migrate.hpp"
#include "node/detail/node_base.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <map>
#include <optional>

namespace troupe::detail {

namespace {

constexpr std::chrono::milliseconds leave_poll{10};

/// A dispatcher for each event loop, in front of its workers.
std::vector<caf::actor> start_dispatchers(node_base& node, const application& app) {
  auto workers = node.start_workers();
  std::vector<caf::actor> out;
  for (std::size_t i = 0; i < node.loops().size(); ++i) {
    std::map<std::string, caf::strong_actor_ptr> by_name;
    for (std::size_t s = 0; s < app.services.size(); ++s)
      by_name.emplace(app.services[s].name(), workers[i][s]);
    out.push_back(node.own(spawn_pinned<dispatcher>(*node.loops()[i], std::move(by_name))));
  }
  return out;
}

/// Leaves all gateways; false when the limit passed or another signal came before.
bool leave(const caf::strong_actor_ptr& links, std::chrono::milliseconds limit, stop_signal& stop) {
  auto left = std::make_shared<std::atomic<bool>>(false);
  deliver(links, nullptr, leave_all{[left] { *left = true; }});
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!*left) {
    if (std::chrono::steady_clock::now() >= deadline || stop.wait_for(leave_poll))
      return false;
  }
  return true;
}

void start_admin(node_base& node, gateway::server& server, gateway::listening_sockets sockets,
                 caf::strong_actor_ptr links, std::function<std::string()> why_not_ready,
                 const std::string& token) {
  gateway::worker_admin_sources sources;
  sources.why_not_ready = std::move(why_not_ready);
  sources.links = std::move(links);
  const auto service = gateway::worker_admin_service(std::move(sources));
  spdlog::info("admin listening on {}", config::to_string(sockets.where));
  node.own(server.start_admin(std::move(sockets), service, node.start_worker(service), token));
}

} // namespace

int run_worker(const application& app, const config::worker_settings& settings) {
  end_at_stop_signal();
  set_up_log(settings.log);
  const auto tls = load_cluster_tls(settings.cluster_nodes);
  std::optional<gateway::listening_sockets> admin;
  if (settings.admin)
    admin = listen_on("--admin", *settings.admin, 1);
  apply_migrations(app, settings.storage, settings.databases);
  stop_signal stop; // before any thread starts
  std::atomic<const char*> why_not_ready{""}; // the admin worker, which the node ends, looks at it
  auto name = settings.name.empty() ? default_node_name() : settings.name;
  const auto exporter = export_traces(settings.trace, app, name);
  node_base node{app, name, settings.threads, settings.storage, settings.databases, settings.actors,
                 settings.cluster_nodes, wishes_of(settings.trace, exporter)};
  join_request announcement;
  announcement.node = name;
  announcement.id = node.id();
  announcement.kinds = keyed_registry::of_program().kinds();
  announcement.capacity = static_cast<std::uint32_t>(node.loops().size());
  announcement.max_in_work = settings.max_in_work * announcement.capacity;
  announcement.services = node.announcements();
  announcement.dispatchers = start_dispatchers(node, app);
  const auto links = caf::actor_cast<caf::strong_actor_ptr>(node.own(spawn_pinned<gateway_links>(
    *node.loops().front(), settings.join,
    gateway_link::options{.announcement = std::move(announcement), .desk = node.desk(), .tls = tls}, std::string{},
    [&node](const caf::actor& made) { node.own(made); })));
  gateway::server server{node.loops(), config::http_settings{}, false, false}; // for the admin address alone
  if (admin)
    start_admin(node, server, std::move(*admin), links,
                [&why_not_ready] { return std::string{why_not_ready.load()}; }, settings.admin_token);
  spdlog::info("worker node {} started", name);

  stop.wait([] { spdlog::info("SIGHUP: a worker node has nothing to read again"); });
  why_not_ready = "draining";
  spdlog::info("stopping: leaving the cluster, finishing what is in flight");
  if (!leave(links, settings.drain_timeout, stop))
    spdlog::warn("not waiting any longer for what is in flight: the drain timeout is over, or another "
                 "signal came");
  spdlog::info("stopped");
  return 0;
}

} // namespace troupe::detail
