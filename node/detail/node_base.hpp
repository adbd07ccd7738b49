#pragma once

#include "actors/cluster/view.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/coroutine_actor.hpp"
#include "config/settings.hpp"
#include "node/detail/watchdog.hpp"
#include "node/run.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::detail {

class loop_multiplexer;

/// CAF's settings as every node has them: the middleman loaded, our messages registered, and other nodes given up
/// that have shown no sign of life for so long.
class system_config : public caf::actor_system_config {
public:
  system_config(const config::cluster_settings& cluster, unsigned loops);

  /// The first event loop has the connections to other nodes, by a loop_multiplexer.
  [[nodiscard]] bool has_loop_io() const noexcept { return loop_io_; }

private:
  bool loop_io_;
};

/// Where the node's actors put their spans; null: nowhere. Whether statements of sampled traces say so.
struct trace_wishes {
  std::shared_ptr<span_queue> spans;
  bool in_sql = false;
};

/// What gateway and worker nodes have in common: the actor system, the event loops, the databases
/// and the worker actors. Made and ended by the main thread.
class node_base {
public:
  node_base(const application& app, std::string name, unsigned threads,
            const config::storage_settings& storage, const config::named_databases& databases,
            const config::actor_settings& actors, const config::cluster_settings& cluster,
            const trace_wishes& traces);
  node_base(const node_base&) = delete;
  node_base& operator=(const node_base&) = delete;
  /// Ends all actors, then the loops.
  ~node_base();

  [[nodiscard]] caf::actor_system& system() noexcept { return system_; }
  [[nodiscard]] std::vector<std::unique_ptr<event_loop>>& loops() noexcept { return loops_; }
  [[nodiscard]] const node_services_ptr& services() const noexcept { return services_; }

  /// Worker actors for all services of the application, by [event loop][service].
  std::vector<std::vector<caf::strong_actor_ptr>> start_workers();

  /// Worker actors for one more service, on the first loop.
  caf::strong_actor_ptr start_worker(const service& what);

  /// The actor is ended with the node; the first one registered ends last. Any thread: links to gateways are made
  /// when the node hears of them.
  caf::actor own(caf::actor what);

  [[nodiscard]] std::vector<service_announcement> announcements() const;

  /// The node's own number in the cluster, by chance.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  /// Its peer_desk.
  [[nodiscard]] const caf::strong_actor_ptr& desk() const noexcept { return desk_; }

private:
  /// The last one that was registered, behind the first `kept`; none: those are all.
  [[nodiscard]] caf::actor disown_last(std::size_t kept);
  [[nodiscard]] loop_multiplexer* multiplexer();
  node_database start_database(std::string_view name, const config::storage_settings& settings,
                               const std::vector<event_loop*>& loops, bool is_only_one);

  const application& app_;
  system_config config_;
  caf::actor_system system_;
  std::vector<std::unique_ptr<event_loop>> loops_;
  node_services_ptr services_;
  std::mutex owning_; // taken when an actor is registered, and at the end
  std::vector<caf::actor> owned_;
  std::size_t database_actors_ = 0; // the first ones of these, started before all else
  std::uint64_t id_;
  caf::strong_actor_ptr desk_;
  std::optional<watchdog> watchdog_;
};

/// Until there is a stop_signal, SIGTERM and SIGINT end the process at once; also where it is the
/// first of a container, for which the kernel would ignore them. SIGHUP is ignored: nothing has been
/// read yet that could be read again.
void end_at_stop_signal();

/// Waits for SIGTERM or SIGINT. The constructor blocks both, and SIGHUP, for this thread and all that
/// it starts.
class stop_signal {
public:
  stop_signal();
  /// Returns at the signal; calls `hung_up` at each SIGHUP before it.
  void wait(const std::function<void()>& hung_up);
  /// Returns at another signal or after `limit`; true for a signal.
  bool wait_for(std::chrono::milliseconds limit);
};

/// HOSTNAME-PID.
std::string default_node_name();

} // namespace troupe::detail
