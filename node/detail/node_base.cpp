#include "node/detail/node_base.hpp"

#include "actors/cluster/loop_multiplexer.hpp"
#include "actors/cluster/peer_desk.hpp"
#include "actors/cluster/transport.hpp"
#include "actors/detail/blocking_pool.hpp"
#include "actors/detail/chance.hpp"
#include "actors/detail/keyed_directory.hpp"
#include "actors/detail/topic_registry.hpp"
#include "actors/detail/worker_actor.hpp"
#include "actors/messages/type_ids.hpp"
#include "storage/database.hpp"

#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <spdlog/spdlog.h>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

namespace troupe::detail {

namespace {

/// For keyed actors to end what they are at and to save their states.
constexpr std::chrono::milliseconds end_limit{5'000};

/// Of more, the first one would have more to do than the others.
constexpr unsigned most_loops_with_io = 2;

unsigned loop_count(unsigned threads) {
  return threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
}

/// Each database that has a fallback learns who that is.
void introduce_fallbacks(const node_services& all, const config::storage_settings& storage,
                         const config::named_databases& databases) {
  const auto named = [&](std::string_view name) -> const node_database& {
    const auto found = std::find_if(all.further_databases.begin(), all.further_databases.end(),
                                    [&](const node_database& each) { return each.name == name; });
    return found == all.further_databases.end() ? all.database : *found;
  };
  const auto introduce = [&](std::string_view name, const config::storage_settings& settings) {
    if (settings.fallback.empty())
      return;
    const auto& pools = named(name).pools;
    for (unsigned i = 0; i < pools.size(); ++i)
      storage::introduce_fallback(to_caf(pools[i]), to_caf(named(settings.fallback).pool_of(i)));
  };
  introduce(config::default_database, storage);
  for (const auto& [name, settings] : databases)
    introduce(name, settings);
}

} // namespace

/// A node is given up between 5 and 7 eighths of the timeout after its last sign of life: one heartbeat may be under
/// way, and CAF looks as often as it sends.
system_config::system_config(const config::cluster_settings& cluster, unsigned loops)
  : loop_io_(cluster.io == config::cluster_io::loop
             || (cluster.io == config::cluster_io::automatic && loops <= most_loops_with_io)) {
  if (loop_io_)
    load<caf::io::middleman, loop_multiplexer>();
  else
    load<caf::io::middleman>();
  set("middleman.manual-multiplexing", loop_io_);
  register_messages(*this);
  add_thread_hook<unpinned_threads>();
  set("scheduler.policy", caf::atom("sharing")); // work stealing polls while idle
  set("scheduler.max-threads", size_t{2});
  set("middleman.workers", size_t{0});
  set("middleman.app-identifiers", std::vector<std::string>{"troupe"});
  const caf::timespan timeout = cluster.failure_timeout;
  set("middleman.heartbeat-interval", timeout / 8);
  set("middleman.connection-timeout", timeout * 3 / 4);
}

node_base::node_base(const application& app, std::string name, unsigned threads,
                     const config::storage_settings& storage,
                     const config::named_databases& databases,
                     const config::actor_settings& actors, const config::cluster_settings& cluster,
                     const trace_wishes& traces)
  : app_(app), config_(cluster, loop_count(threads)), system_(config_), id_(random_number() | 1U) {
  for (unsigned i = 0, count = loop_count(threads); i < count; ++i)
    loops_.push_back(std::make_unique<event_loop>(system_, i));
  auto services = std::make_shared<node_services>();
  services->node_name = std::move(name);
  services->spans = traces.spans;
  services->traces_in_sql = traces.in_sql;
  for (const auto& each : loops_)
    services->loops.push_back(each.get());
  services->database = start_database(config::default_database, storage, services->loops, databases.empty());
  for (const auto& [its_name, settings] : databases)
    services->further_databases.push_back(start_database(its_name, settings, services->loops, false));
  introduce_fallbacks(*services, storage, databases);
  database_actors_ = owned_.size();
  services->blocking =
    std::make_shared<blocking_pool>(actors.blocking_threads, actors.blocking_queue);
  services->keyed = std::make_shared<keyed_directory>(services->loops);
  services->topics = std::make_shared<topic_registry>();
  services_ = std::move(services);
  for (auto& each : loops_) {
    each->watch(actors.watchdog);
    if (actors.pin_threads)
      each->pin();
    each->start();
  }
  if (auto* sockets = multiplexer())
    sockets->run_on(*loops_.front());
  desk_ = caf::actor_cast<caf::strong_actor_ptr>(own(spawn_pinned<peer_desk>(*loops_.front(), services_, id_)));
  services_->keyed->join_cluster(from_caf(desk_));
  services_->topics->join_cluster(from_caf(desk_));
  if (actors.watchdog.count() > 0)
    watchdog_.emplace(services_->loops, actors.watchdog);
}

node_base::~node_base() {
  services_->keyed->shut_down(end_limit);
  {
    caf::scoped_actor self{system_};
    while (const auto last = disown_last(database_actors_)) {
      end_actor(last);
      self->wait_for(last);
    }
    for (const auto& each : owned_) // together: each may take its 5 s
      end_actor(each);
    for (const auto& each : owned_)
      self->wait_for(each);
    owned_.clear();
  }
  watchdog_.reset();
  end_broker(system_);
  event_loop::end_all(loops_);
  if (auto* sockets = multiplexer())
    sockets->leave();
  services_->blocking->stop();
  services_->keyed->leave_cluster();
  services_->topics->leave_cluster();
  loops_.clear();
}

loop_multiplexer* node_base::multiplexer() {
  return config_.has_loop_io() ? static_cast<loop_multiplexer*>(&system_.middleman().backend()) : nullptr;
}

node_database node_base::start_database(std::string_view name, const config::storage_settings& settings,
                                        const std::vector<event_loop*>& loops, bool is_only_one) {
  node_database out{std::string{name}, {}, settings.share_reads};
  for (auto& each : storage::spawn_databases(loops, settings, is_only_one ? "" : out.name))
    out.pools.push_back(from_caf(caf::actor_cast<caf::strong_actor_ptr>(own(std::move(each)))));
  return out;
}

caf::actor node_base::own(caf::actor what) {
  const std::lock_guard lock{owning_};
  std::erase_if(owned_, [](const caf::actor& each) { // links to gateways that are forgotten
    return caf::actor_cast<caf::abstract_actor*>(each)->getf(caf::abstract_actor::is_terminated_flag);
  });
  owned_.push_back(what);
  return what;
}

caf::actor node_base::disown_last(std::size_t kept) {
  const std::lock_guard lock{owning_};
  if (owned_.size() <= kept)
    return {};
  auto last = std::move(owned_.back());
  owned_.pop_back();
  return last;
}

std::vector<std::vector<caf::strong_actor_ptr>> node_base::start_workers() {
  std::vector<std::vector<caf::strong_actor_ptr>> out(loops_.size());
  std::size_t next_home = 0;
  for (const auto& each : app_.services) {
    // A copy for each: handlers may change what they have captured.
    auto start_on = [&](event_loop& loop) {
      return caf::actor_cast<caf::strong_actor_ptr>(own(
        spawn_pinned<worker_actor>(loop, services_, std::make_shared<const service>(each))));
    };
    caf::strong_actor_ptr home;
    if (each.is_singleton()) // singletons are spread over the loops
      home = start_on(*loops_[next_home++ % loops_.size()]);
    for (std::size_t i = 0; i < loops_.size(); ++i)
      out[i].push_back(home ? home : start_on(*loops_[i]));
  }
  return out;
}

caf::strong_actor_ptr node_base::start_worker(const service& what) {
  return caf::actor_cast<caf::strong_actor_ptr>(own(spawn_pinned<worker_actor>(
    *loops_.front(), services_, std::make_shared<const service>(what))));
}

std::vector<service_announcement> node_base::announcements() const {
  std::vector<service_announcement> out;
  for (const auto& each : app_.services)
    out.push_back(each.announcement());
  return out;
}

namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

} // namespace

void end_at_stop_signal() {
  for (auto each : {SIGTERM, SIGINT})
    signal(each, [](int caught) { _exit(128 + caught); });
  signal(SIGHUP, SIG_IGN);
}

stop_signal::stop_signal() {
  auto set = stop_signals();
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void stop_signal::wait(const std::function<void()>& hung_up) {
  auto set = stop_signals();
  sigaddset(&set, SIGHUP);
  for (;;) {
    int caught = 0;
    if (sigwait(&set, &caught) != 0)
      continue;
    if (caught != SIGHUP)
      return;
    hung_up();
  }
}

bool stop_signal::wait_for(std::chrono::milliseconds limit) {
  auto set = stop_signals();
  timespec left{static_cast<time_t>(limit.count() / 1000),
                static_cast<long>(limit.count() % 1000) * 1'000'000};
  return sigtimedwait(&set, nullptr, &left) >= 0;
}

std::string default_node_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0)
    host = {'n', 'o', 'd', 'e'};
  return std::string{host.data()} + "-" + std::to_string(getpid());
}

} // namespace troupe::detail
