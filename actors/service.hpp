#pragma once

#include "actors/messages/cluster_fwd.hpp"
#include "actors/messages/stickiness.hpp"
#include "actors/messages/stream.hpp"
#include "actors/route_group.hpp"
#include "actors/route_methods.hpp"
#include "actors/route_options.hpp"
#include "actors/route_pattern.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe {

/// A named set of routes that is deployed as a whole.
///
/// A request goes to the most specific route that matches its path and has its method, whatever the
/// order of the routes: from the left, a literal segment wins over {id:uint}, {id:int} and
/// {id:uuid}, these over {id}, that over {path...} (route_pattern.hpp). "/a/" is another path than
/// "/a". HEAD is answered by the GET route without its body. OPTIONS without a route, and 405 where
/// routes match the path but none has the method, name the methods of all routes that match it.
///
/// The value of {path...} is decoded: an escaped '/' in it looks like one between segments, and it
/// may hold "..": look at it before it becomes the name of a file.
///
/// Each event loop of each node that has the service runs one worker actor for it, so handlers of
/// a service run in parallel, each on one loop. State shared by all requests goes into storage, a keyed
/// actor, or an actor of a singleton service.
///
/// Nothing here throws: what is wrong with a name or a route is kept, with its place, until
/// `check_services` tells it, with which `run` begins.
class service : public route_methods<service> {
public:
  struct route {
    http_method method;
    route_pattern pattern;
    any_handler action;
    std::uint64_t max_body = 0; // 0: as the gateway's setting says
    std::source_location place; // where it was added
    bool gives_way = false;     // of any(): to a route of the method's own
    bool idempotent = false;
    bool keyed = false; // idempotency_key(): the action is the author's, with its answers recorded
    stickiness sticky{};
    std::chrono::milliseconds hedge_after{0}; // 0: never

    [[nodiscard]] route_kind kind() const noexcept { return route_kind(action.index()); }
  };

  /// Letters, digits, '-', '_' and '.', at most 64.
  explicit service(std::string name, std::source_location place = std::source_location::current());

  /// One worker actor answers for the service, so its state has one home: a gateway sends all its
  /// requests to its own node when that has the service, else to the node that joined first. When
  /// the home is lost, another node takes over with fresh state. Each gateway chooses for itself:
  /// several gateways over the same workers should run with --no-local-workers.
  service& singleton();

  /// At most so many requests of the service are in work on each event loop; more are answered with
  /// 503 at once, with Retry-After. 0, the default: as many as come.
  service& max_in_work(std::size_t limit);

  /// The route that was added last may be carried out twice with the effect of once: when the node that had a
  /// request is lost, the gateway sends it to another one, as it does with GET, HEAD and OPTIONS by itself. A node that
  /// was only frozen while it was at it may go on with it, perhaps after a later request for the same thing: where that
  /// matters, take Idempotency-Key, or a version in the row.
  ///
  ///     service("users").put("/users/{id:int}", store_user).idempotent()
  service& idempotent(std::source_location place = std::source_location::current());

  /// Requests of the route that was added last carry an Idempotency-Key, and are answered once for each: the answer is
  /// recorded in the node's database, and who sends the key again gets it, with `Idempotency-Replayed: true`, whichever
  /// node is asked. The nodes of the service share that database. So the route may be repeated, as an idempotent one.
  ///
  ///     service("orders").post("/orders", create).idempotency_key({.keep = 48h})
  ///
  /// 400 without a key, 422 for a key that came with another request, 409 while the first one is in work. That goes on
  /// when its client leaves, for as long as a request may take. What the handler throws is not recorded, nor are answers
  /// of 500 and above: the next request with the key is then a first one, as after a node that was killed at it.
  /// So what it has changed by then may be changed again, unless it works by `idempotent_transaction`.
  /// docs/idempotency.md has it all. For handlers of whole bodies, and methods that are not safe.
  service& idempotency_key(idempotency_options how = {},
                           std::source_location place = std::source_location::current());

  /// Requests of the route that was added last go to the same node when they have the same value of the path
  /// parameter, or of the header field, as long as that node is in use and has room; when it is lost, to another one, while
  /// those of other nodes stay where they are. A preference: what must have one home is a keyed actor. A request
  /// without the field, or with an empty one, goes anywhere.
  ///
  ///     service("sessions").get("/s/{id}", show).sticky("id")
  service& sticky(std::string parameter, std::source_location place = std::source_location::current());
  service& sticky(header field, std::source_location place = std::source_location::current());

  /// When the node that has a request of the route that was added last has not answered after so long, another one gets
  /// it, too: the first answer counts, and the other one is given up. For GET, whose requests may be carried out twice. The
  /// time should be what few answers take; those that are sent again count as repeated ones, of which there are
  /// few. Requests that the gateway's own node has, and answers that have begun, are left alone.
  ///
  ///     service("search").get("/search", search).hedge_after(50ms)
  service& hedge_after(std::chrono::milliseconds wait,
                       std::source_location place = std::source_location::current());

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  [[nodiscard]] bool is_singleton() const noexcept { return singleton_; }
  [[nodiscard]] const std::vector<route>& routes() const noexcept { return routes_; }

  /// What a node tells the others about it.
  [[nodiscard]] service_announcement announcement() const;

  [[nodiscard]] std::source_location place() const noexcept { return place_; }

  /// What is wrong with it, a line each.
  [[nodiscard]] const std::vector<std::string>& problems() const noexcept { return problems_; }

private:
  friend class route_methods<service>;
  friend class route_group;

  void insert(entry&& what);
  void enter(std::string_view prefix, const std::function<void(route_group&)>& fill,
             std::source_location place);
  void enter_group(const std::string& outer, std::string_view prefix,
                   const std::function<void(route_group&)>& fill, std::source_location place);
  void problem(const std::string& what, std::source_location place);
  route* last_route(const char* caller, std::source_location place);

  std::string name_;
  std::source_location place_;
  bool singleton_ = false;
  std::size_t limit_ = 0;
  std::vector<route> routes_;
  std::unordered_map<std::string, std::size_t> routes_by_key_; // method and shape: in routes_
  std::size_t last_route_ = 0; // that was added, in routes_
  std::vector<std::string> problems_;
};

/// What keeps these services from being served together, a line each, with the places in the
/// author's sources: bad names and patterns, two services with one name, two routes of the same
/// requests. Empty: nothing.
[[nodiscard]] std::vector<std::string> check_services(const std::vector<service>& services);

} // namespace troupe
