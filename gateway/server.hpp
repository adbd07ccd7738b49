#pragma once

#include "actors/detail/event_loop.hpp"
#include "config/settings.hpp"
#include "gateway/admin.hpp"
#include "gateway/listening.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::gateway {

/// The HTTP side of a gateway node: one gateway actor for each event loop, one for the admin
/// listener. Used by the main thread; the actors are ended by whoever takes them over.
class server {
public:
  /// The loops outlive the server.
  server(std::vector<std::unique_ptr<detail::event_loop>>& loops,
         const config::http_settings& settings, bool access_log, bool json_log);

  /// Begins to serve as soon as membership has told who answers. Gives the gateway actors.
  std::vector<caf::actor> start(listening_sockets sockets, const caf::actor& membership);

  /// Serves what `worker` answers, on the first loop; asks for `token` unless it is empty. Clients
  /// come without a proxy: what is set for proxies does not hold here.
  caf::actor start_admin(listening_sockets sockets, caf::strong_actor_ptr worker,
                         std::string token);

  [[nodiscard]] struct admin_sources admin_sources(const caf::actor& membership,
                                                   std::function<bool()> ready) const;

  /// Accepts nothing more and waits until every request in flight has its answer. False when
  /// `limit` passed before, or when `interrupted`, which waits for the time given, returned true.
  bool drain(std::chrono::milliseconds limit,
             const std::function<bool(std::chrono::milliseconds)>& interrupted);

private:
  std::vector<std::unique_ptr<detail::event_loop>>& loops_;
  config::http_settings settings_;
  bool access_log_;
  bool json_log_;
  std::vector<caf::actor> actors_;
};

} // namespace troupe::gateway
