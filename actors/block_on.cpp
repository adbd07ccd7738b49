#include "actors/block_on.hpp"

#include "actors/detail/blocking_pool.hpp"
#include "actors/detail/coroutine_actor.hpp"
#include "actors/detail/keyed_directory.hpp"
#include "actors/detail/topic_registry.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/behavior.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <future>
#include <thread>

namespace troupe::detail {

namespace {

constexpr unsigned blocking_threads = 8;
constexpr unsigned blocking_queue = 1000;
constexpr std::chrono::milliseconds end_limit{5'000};

struct quiet_config : caf::actor_system_config {
  quiet_config() {
    set("scheduler.policy", caf::atom("sharing")); // the other one polls while idle
    add_thread_hook<unpinned_threads>();
  }
};

/// The actor that runs the work.
class main_actor final : public coroutine_actor {
public:
  using coroutine_actor::coroutine_actor;

  caf::behavior make_behavior() override {
    return {[](int) {}}; // without a behavior it would end at once
  }
  std::string host_name() const override { return "main"; }
  actor_view view() const override {
    actor_view out;
    out.kind = "main";
    out.state = "running";
    return out;
  }
  void child_lost(const std::string& why) override {
    spdlog::error("an actor of main is beyond help: {}", why);
  }
  void begin(const std::function<task<void>(troupe::context&)>& work, std::promise<void>& ended) {
    static_cast<void>(ctx().spawn("main", run(work, ctx(), ended)));
  }

protected:
  void drop_work() override {}

private:
  static task<void> run(const std::function<task<void>(troupe::context&)>& work, troupe::context& ctx,
                        std::promise<void>& ended) {
    co_await work(ctx);
    ended.set_value();
  }
};

} // namespace

void run_to_end(unsigned count, bool pinned, const std::function<task<void>(context&)>& work) {
  if (count == 0)
    count = std::max(1U, std::thread::hardware_concurrency());
  if (spdlog::default_logger()->name().empty()) // nobody has set up a log: as nodes do
    spdlog::set_default_logger(spdlog::stderr_color_mt("troupe"));
  quiet_config config;
  caf::actor_system system{config};
  std::vector<std::unique_ptr<event_loop>> loops;
  auto node = std::make_shared<node_services>();
  node->node_name = "main";
  node->blocking = std::make_shared<blocking_pool>(blocking_threads, blocking_queue);
  for (unsigned i = 0; i < count; ++i) {
    loops.push_back(std::make_unique<event_loop>(system, i));
    node->loops.push_back(loops.back().get());
  }
  node->keyed = std::make_shared<keyed_directory>(node->loops);
  node->topics = std::make_shared<topic_registry>();
  for (auto& each : loops) {
    if (pinned)
      each->pin();
    each->start();
  }
  auto main = spawn_pinned<main_actor>(*loops.front(), node_services_ptr{node});
  auto* actor = static_cast<main_actor*>(caf::actor_cast<caf::abstract_actor*>(main));
  std::promise<void> ended;
  loops.front()->post([&] { actor->begin(work, ended); });
  ended.get_future().wait();
  node->keyed->shut_down(end_limit);
  {
    caf::scoped_actor self{system};
    end_actor(main);
    self->wait_for(main);
  }
  event_loop::end_all(loops);
  node->blocking->stop();
}

} // namespace troupe::detail
