#include "gateway/server.hpp"

#include "actors/cluster/membership.hpp"
#include "gateway/detail/admin_guard.hpp"
#include "gateway/detail/gateway_actor.hpp"
#include "gateway/detail/https_redirect.hpp"

#include <algorithm>
#include <atomic>

namespace troupe::gateway {

namespace {

constexpr std::chrono::milliseconds drain_poll{10};

/// A view that never changes: the admin listener's only node.
std::shared_ptr<const cluster_view> view_of(const service& what, caf::strong_actor_ptr worker) {
  auto view = std::make_shared<cluster_view>();
  auto& node = view->nodes.emplace_back();
  node.id = 1;
  node.local = true;
  node.services.push_back(what.announcement());
  node.workers.push_back({std::move(worker)});
  return view;
}

access_format access_of(bool wanted, bool json) {
  if (!wanted)
    return access_format::off;
  return json ? access_format::json : access_format::text;
}

unsigned shared_listeners(const listening_sockets& sockets) {
  return sockets.how == sharing::none ? 0 : static_cast<unsigned>(sockets.sockets.size());
}

std::string hsts_of(std::chrono::milliseconds max_age) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(max_age).count();
  return seconds == 0 ? std::string{} : "max-age=" + std::to_string(seconds);
}

} // namespace

server::server(std::vector<std::unique_ptr<detail::event_loop>>& loops,
               const config::http_settings& settings, bool access_log, bool json_log)
  : loops_(loops), settings_(settings), access_log_(access_log), json_log_(json_log),
    connections_(std::make_shared<connection_counts>(settings)) {}

void server::trace(const config::trace_settings& which, std::shared_ptr<detail::span_queue> spans) {
  trace_ = which;
  spans_ = std::move(spans);
}

std::vector<caf::actor> server::start(listening_sockets sockets, const caf::actor& membership,
                                      std::shared_ptr<const tls_context> tls,
                                      std::chrono::milliseconds hsts_max_age,
                                      std::chrono::milliseconds slow_start) {
  gateway_actor::options how{.http = settings_,
                             .access = access_of(access_log_, json_log_),
                             .connections = connections_,
                             .shared_listeners = shared_listeners(sockets),
                             .loops = static_cast<unsigned>(loops_.size()),
                             .slow_start = slow_start,
                             .max_buffered = settings_.max_buffered_bytes / loops_.size(),
                             .tls = std::move(tls),
                             .hsts = hsts_of(hsts_max_age),
                             .refuse = {},
                             .traces = {trace_.accept, trace_.sample, spans_}};
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    actors_.push_back(
      detail::spawn_pinned<gateway_actor>(*loops_[i], how, std::move(sockets.sockets[i])));
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(membership), nullptr,
                    subscribe{caf::actor_cast<caf::strong_actor_ptr>(actors_.back())});
  }
  return actors_;
}

void server::renew_tls(const std::shared_ptr<const tls_context>& tls) const {
  for (const auto& each : actors_)
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(each), nullptr,
                    gateway::renew_tls{tls});
}

caf::actor server::start_redirect(listening_sockets sockets, std::uint16_t https_port) {
  gateway_actor::options how{.http = settings_,
                             .access = access_of(access_log_, json_log_),
                             .connections = connections_,
                             .shared_listeners = shared_listeners(sockets),
                             .max_buffered = settings_.max_buffered_bytes / loops_.size(),
                             .tls = nullptr,
                             .hsts = {},
                             .refuse = [https_port](const request& what) {
                               return std::optional{redirect_to_https(what, https_port)};
                             }};
  actors_.push_back(detail::spawn_pinned<gateway_actor>(*loops_.front(), std::move(how),
                                                        std::move(sockets.sockets.front())));
  detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(actors_.back()), nullptr,
                  view_changed{std::make_shared<cluster_view>()}); // it needs no node
  return actors_.back();
}

caf::actor server::start_admin(listening_sockets sockets, const service& what,
                               caf::strong_actor_ptr worker, std::string token) {
  gateway_actor::options how{.http = settings_,
                             .access = access_format::off,
                             .connections = std::make_shared<connection_counts>(settings_),
                             .max_buffered = settings_.max_buffered_bytes,
                             .tls = nullptr,
                             .hsts = {},
                             .refuse = {}};
  how.http.trusted_proxies.clear();
  how.http.proxy_protocol = config::proxy_protocol::off;
  how.http.queue_target = std::chrono::hours{1}; // health is told also under overload
  how.refuse = [token = std::move(token)](const request& asked) {
    auto refused = refuse_cross_site(asked);
    return refused || token.empty() ? refused : refuse_admin(asked, token);
  };
  auto made = detail::spawn_pinned<gateway_actor>(*loops_.front(), std::move(how),
                                                  std::move(sockets.sockets.front()));
  detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(made), nullptr,
                  view_changed{view_of(what, std::move(worker))});
  return made;
}

struct admin_sources server::admin_sources(const caf::actor& membership,
                                           std::function<std::string()> why_not_ready) const {
  struct admin_sources out;
  out.membership = caf::actor_cast<caf::strong_actor_ptr>(membership);
  out.why_not_ready = std::move(why_not_ready);
  for (const auto& each : actors_)
    out.loops.push_back(caf::actor_cast<caf::strong_actor_ptr>(each));
  return out;
}

void server::took_over() const {
  for (const auto& each : actors_)
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(each), nullptr, gateway::took_over{});
}

bool server::drain(std::chrono::milliseconds limit,
                   const std::function<bool(std::chrono::milliseconds)>& interrupted) {
  auto left = std::make_shared<std::atomic<std::size_t>>(actors_.size());
  for (const auto& each : actors_)
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(each), nullptr,
                    stop_serving{[left] { --*left; }});
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (*left > 0) {
    if (std::chrono::steady_clock::now() >= deadline || interrupted(drain_poll))
      return false;
  }
  return true;
}

} // namespace troupe::gateway
