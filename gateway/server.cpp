#include "gateway/server.hpp"

#include "actors/cluster/membership.hpp"
#include "gateway/detail/admin_guard.hpp"
#include "gateway/detail/gateway_actor.hpp"

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

} // namespace

server::server(std::vector<std::unique_ptr<detail::event_loop>>& loops,
               const config::http_settings& settings, bool access_log, bool json_log)
  : loops_(loops), settings_(settings), access_log_(access_log), json_log_(json_log) {}

std::vector<caf::actor> server::start(listening_sockets sockets, const caf::actor& membership) {
  gateway_actor::options how{settings_, access_format::off,
                             std::make_shared<connection_counts>(settings_),
                             settings_.max_buffered_bytes / loops_.size(), {}};
  if (access_log_)
    how.access = json_log_ ? access_format::json : access_format::text;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    actors_.push_back(
      detail::spawn_pinned<gateway_actor>(*loops_[i], how, std::move(sockets.sockets[i])));
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(membership), nullptr,
                    subscribe{caf::actor_cast<caf::strong_actor_ptr>(actors_.back())});
  }
  return actors_;
}

caf::actor server::start_admin(listening_sockets sockets, caf::strong_actor_ptr worker,
                               std::string token) {
  gateway_actor::options how{settings_, access_format::off,
                             std::make_shared<connection_counts>(settings_),
                             settings_.max_buffered_bytes, {}};
  how.http.trusted_proxies.clear();
  how.http.proxy_protocol = config::proxy_protocol::off;
  how.http.queue_target = std::chrono::hours{1}; // health is told also under overload
  if (!token.empty())
    how.refuse = [token = std::move(token)](const request& what) {
      return refuse_admin(what, token);
    };
  auto made = detail::spawn_pinned<gateway_actor>(*loops_.front(), std::move(how),
                                                  std::move(sockets.sockets.front()));
  detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(made), nullptr,
                  view_changed{view_of(admin_service({}), std::move(worker))});
  return made;
}

struct admin_sources server::admin_sources(const caf::actor& membership,
                                           std::function<bool()> ready) const {
  struct admin_sources out;
  out.membership = caf::actor_cast<caf::strong_actor_ptr>(membership);
  out.ready = std::move(ready);
  for (const auto& each : actors_)
    out.loops.push_back(caf::actor_cast<caf::strong_actor_ptr>(each));
  return out;
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
