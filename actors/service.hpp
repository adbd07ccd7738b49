#pragma once

#include "actors/messages/cluster_fwd.hpp"
#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/route_pattern.hpp"
#include "actors/task.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class context;

/// Answers a request. Each event loop has a copy of the handler and runs it; the request, the context
/// and the handler's own captures live until its coroutine has ended. What a capture points at is
/// shared by all loops. Throws `error` for expected failures; any other exception becomes a 500 whose
/// details stand in the log only.
using handler = std::function<task<response>(context&, const request&)>;

/// A named set of routes that is deployed as a whole.
///
/// Literal segments win over parameters, whatever the order of the routes; "/a/" is another path than
/// "/a". HEAD is answered by the GET route without its body, OPTIONS and 405 by the gateway.
///
/// Each event loop of each node that has the service runs one worker actor for it, so handlers of
/// a service run in parallel, each on one loop. State shared by all requests goes into storage, a keyed
/// actor, or an actor of a singleton service.
class service {
public:
  struct route {
    http_method method;
    route_pattern pattern;
    handler handle;
  };

  /// Letters, digits, '-', '_' and '.'; throws std::invalid_argument otherwise.
  explicit service(std::string name);

  // Each adds a route and throws std::invalid_argument for a bad pattern.
  service& get(std::string_view pattern, handler handle);
  service& post(std::string_view pattern, handler handle);
  service& put(std::string_view pattern, handler handle);
  service& patch(std::string_view pattern, handler handle);
  service& delete_(std::string_view pattern, handler handle);
  service& add(http_method method, std::string_view pattern, handler handle);

  /// One worker actor answers for the service, so its state has one home: a gateway sends all its
  /// requests to its own node when that has the service, else to the node that joined first. When
  /// the home is lost, another node takes over with fresh state. Each gateway chooses for itself:
  /// several gateways over the same workers should run with --no-local-workers.
  service& singleton();

  /// At most so many requests of the service are in work on each event loop; more are answered with
  /// 503 at once, with Retry-After. 0, the default: as many as come.
  service& max_in_work(std::size_t limit);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  [[nodiscard]] bool is_singleton() const noexcept { return singleton_; }
  [[nodiscard]] const std::vector<route>& routes() const noexcept { return routes_; }

  /// What a node tells the others about it.
  [[nodiscard]] service_announcement announcement() const;

private:
  std::string name_;
  bool singleton_ = false;
  std::size_t limit_ = 0;
  std::vector<route> routes_;
};

/// Throws std::invalid_argument when two services have one name or claim the same route.
void check_services(const std::vector<service>& services);

} // namespace troupe
