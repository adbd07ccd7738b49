#pragma once

#include "actors/detail/event_loop.hpp"
#include "config/settings.hpp"
#include "gateway/admin.hpp"
#include "gateway/listening.hpp"
#include "gateway/tls.hpp"

#include <caf/actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::detail {
class span_queue;
} // namespace troupe::detail

namespace troupe::gateway {

class connection_counts;

/// The HTTP side of a gateway node: one gateway actor for each event loop, one for the admin
/// listener. Used by the main thread; the actors are ended by whoever takes them over.
class server {
public:
  /// The loops outlive the server.
  server(std::vector<std::unique_ptr<detail::event_loop>>& loops,
         const config::http_settings& settings, bool access_log, bool json_log);

  /// Before `start`: of which requests of users traces tell, and where their spans go; null: nowhere.
  void trace(const config::trace_settings& which, std::shared_ptr<detail::span_queue> spans);

  /// Begins to serve as soon as membership has told who answers. Gives the gateway actors. With
  /// `tls`, over TLS, and browsers are told to come back so for `hsts_max_age`, unless it is 0.
  std::vector<caf::actor> start(listening_sockets sockets, const caf::actor& membership,
                                std::shared_ptr<const tls_context> tls,
                                std::chrono::milliseconds hsts_max_age,
                                std::chrono::milliseconds slow_start);

  /// Connections that come from now on use these certificates. REQUIRES: started with TLS.
  void renew_tls(const std::shared_ptr<const tls_context>& tls) const;

  /// Answers plain HTTP with the way to HTTPS on this port, on the first loop. REQUIRES: started.
  caf::actor start_redirect(listening_sockets sockets, std::uint16_t https_port);

  /// Serves `what`, which `worker` answers, on the first loop; asks for `token` unless it is empty. Clients
  /// come without a proxy: what is set for proxies does not hold here.
  caf::actor start_admin(listening_sockets sockets, const service& what, caf::strong_actor_ptr worker,
                         std::string token);

  /// `why_not_ready`: see there.
  [[nodiscard]] struct admin_sources admin_sources(const caf::actor& membership,
                                                   std::function<std::string()> why_not_ready) const;

  /// The gateway that this one takes over from has gone.
  void took_over() const;

  /// Accepts nothing more and waits until every request in flight has its answer. False when
  /// `limit` passed before, or when `interrupted`, which waits for the time given, returned true.
  bool drain(std::chrono::milliseconds limit,
             const std::function<bool(std::chrono::milliseconds)>& interrupted);

private:
  std::vector<std::unique_ptr<detail::event_loop>>& loops_;
  config::http_settings settings_;
  bool access_log_;
  bool json_log_;
  config::trace_settings trace_{.accept = config::trace_source::none};
  std::shared_ptr<detail::span_queue> spans_;
  std::shared_ptr<connection_counts> connections_; // all that users may have
  std::vector<caf::actor> actors_;
};

} // namespace troupe::gateway
