#include "node/detail/gateway_node.hpp"

#include "actors/cluster/cluster_door.hpp"
#include "actors/cluster/gateway_links.hpp"
#include "actors/cluster/membership.hpp"
#include "actors/detail/keyed_registry.hpp"
#include "gateway/server.hpp"
#include "node/detail/export_traces.hpp"
#include "node/detail/listen.hpp"
#include "node/detail/log_setup.hpp"
#include "node/detail/migrate.hpp"
#include "node/detail/node_base.hpp"

#include <spdlog/spdlog.h>

#include <atomic>
#include <optional>

namespace troupe::detail {

namespace {

/// Where worker nodes join.
struct open_door {
  caf::actor door;
  config::endpoint where; // with the port in use
};

/// Makes the node reachable for worker nodes. None: the address is to be shared, which would give the gateways some of
/// the nodes each, and another gateway has it.
std::optional<open_door> publish(node_base& node, const caf::actor& membership,
                                 const config::gateway_settings& settings,
                                 const std::shared_ptr<const cluster_tls>& tls) {
  try {
    auto listening = gateway::listen_on(settings.cluster, 1);
    return open_door{node.own(spawn_pinned<cluster_door>(
                       *node.loops().front(), file_descriptor{listening.sockets.front().release()},
                       listening.where.port, caf::actor_cast<caf::strong_actor_ptr>(membership), tls)),
                     listening.where};
  } catch (const std::system_error& e) {
    if (!settings.share_address)
      refuse_address("--cluster", settings.cluster, e.what());
    return std::nullopt;
  }
}

/// Where other nodes reach the gateway; empty: nobody knows.
std::string address_for_others(const config::gateway_settings& settings, const config::endpoint& listening) {
  if (settings.advertise)
    return config::to_string(*settings.advertise);
  return config::is_any_address(listening.host) ? std::string{} : config::to_string(listening);
}

/// Makes the gateway known to the others, and through them to the nodes that join them.
void meet_others(node_base& node, const caf::actor& membership, const config::gateway_settings& settings,
                 const std::string& address, const std::shared_ptr<const cluster_tls>& tls) {
  if (address.empty())
    return;
  gateway_link::options how{.as_gateway = gateway_request{node.services()->node_name, address}, .tls = tls};
  how.announcement.node = node.services()->node_name;
  const auto links = node.own(spawn_pinned<gateway_links>(*node.loops().front(), settings.peers, std::move(how), address,
                                                          [&node](const caf::actor& made) { node.own(made); }));
  deliver(caf::actor_cast<caf::strong_actor_ptr>(membership), nullptr,
          advertise{address, caf::actor_cast<caf::strong_actor_ptr>(links)});
}

/// How often a cluster address that another gateway has is asked for again.
constexpr std::chrono::milliseconds publish_again{50};

std::optional<node_view> local_node(node_base& node, bool has_workers) {
  if (!has_workers)
    return std::nullopt;
  node_view out;
  out.name = node.services()->node_name;
  out.node_id = node.id();
  out.kinds = keyed_registry::of_program().kinds();
  out.local = true;
  out.capacity = static_cast<std::uint32_t>(node.loops().size());
  out.services = node.announcements();
  out.workers = node.start_workers();
  return out;
}

/// The new files, or the old ones where these cannot be used.
void read_certificates_again(const gateway::server& server, const config::tls_settings& settings) {
  if (settings.certificates.empty()) {
    spdlog::info("SIGHUP: there are no files of certificates to read again");
    return;
  }
  try {
    server.renew_tls(gateway::load_tls(settings));
    spdlog::info("SIGHUP: the certificates have been read again, for new connections");
  } catch (const std::exception& e) {
    spdlog::error("SIGHUP: the certificates stay as they were: {}", e.what());
  }
}

} // namespace

int run_gateway(const application& app, const config::gateway_settings& settings) {
  end_at_stop_signal();
  set_up_log(settings.log);
  auto loops = settings.threads != 0 ? settings.threads
                                     : std::max(1U, std::thread::hardware_concurrency());
  const auto tls = gateway::load_tls(settings.tls);
  const auto tls_of_cluster = load_cluster_tls(settings.cluster_nodes);
  const auto share = settings.share_address ? gateway::sharing::with_successor : gateway::sharing::none;
  auto http = listen_on("--listen", settings.listen, loops, share);
  std::optional<gateway::listening_sockets> redirect;
  if (settings.tls.redirect_from)
    redirect = listen_on("--tls-redirect-from", *settings.tls.redirect_from, 1, share);
  auto admin = listen_on("--admin", settings.admin, 1, share);
  if (!settings.share_address) // the node that would listen is not there yet
    static_cast<void>(listen_on("--cluster", settings.cluster, 1, share));
  apply_migrations(app, settings.storage, settings.databases);
  stop_signal stop; // before any thread starts

  std::atomic<const char*> why_not_ready{"starting"}; // the admin worker, which the node ends, looks at it
  const auto exporter = export_traces(settings.trace, app, default_node_name());
  node_base node{app, default_node_name(), loops, settings.storage, settings.databases,
                 settings.actors, settings.cluster_nodes, wishes_of(settings.trace, exporter)};
  auto local = local_node(node, settings.local_workers);
  auto membership = node.own(spawn_pinned<troupe::membership>(
    *node.loops().front(), node.services()->node_name, std::move(local), node.desk()));
  auto cluster = publish(node, membership, settings, tls_of_cluster);

  gateway::server server{node.loops(), settings.http,
                         settings.log.access
                           && settings.log.level <= config::log_level::info,
                         logs_json(settings.log)};
  server.trace(settings.trace, node.services()->spans);
  spdlog::info("{} listening on {}", tls ? "https" : "http", config::to_string(http.where));
  if (redirect)
    spdlog::info("redirect to https listening on {}", config::to_string(redirect->where));
  spdlog::info("admin listening on {}", config::to_string(admin.where));
  if (cluster)
    spdlog::info("cluster listening on {}", config::to_string(cluster->where));
  else
    spdlog::info("cluster address {} belongs to another gateway: waiting for its end",
                 config::to_string(settings.cluster));
  const auto http_port = http.where.port;
  for (const auto& each :
       server.start(std::move(http), membership, tls, settings.tls.hsts_max_age,
                    settings.cluster_nodes.slow_start))
    node.own(each);
  if (redirect)
    node.own(server.start_redirect(std::move(*redirect), http_port));
  const auto admin_service = gateway::admin_service(server.admin_sources(
    membership, [&why_not_ready] { return std::string{why_not_ready.load()}; }));
  node.own(server.start_admin(std::move(admin), admin_service, node.start_worker(admin_service),
                              settings.admin_token));
  why_not_ready = "";
  if (!settings.local_workers)
    spdlog::info("no workers of its own: requests get 503 until a worker node has joined");
  spdlog::info("ready");

  bool stopped = false;
  while (!cluster && !stopped) {
    stopped = stop.wait_for(publish_again);
    if ((cluster = publish(node, membership, settings, tls_of_cluster))) {
      spdlog::info("cluster listening on {}", config::to_string(cluster->where));
      server.took_over();
    }
  }
  if (cluster)
    meet_others(node, membership, settings, address_for_others(settings, cluster->where), tls_of_cluster);
  if (!stopped)
    stop.wait([&] { read_certificates_again(server, settings.tls); });
  why_not_ready = "draining";
  spdlog::info("stopping: finishing what is in flight");
  if (!server.drain(settings.drain_timeout, [&](auto limit) { return stop.wait_for(limit); }))
    spdlog::warn("not waiting any longer for what is in flight: the drain timeout is over, or another "
                 "signal came");
  if (cluster)
    end_actor(cluster->door);
  spdlog::info("stopped");
  return 0;
}

} // namespace troupe::detail
