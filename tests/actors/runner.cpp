#include "tests/actors/runner.hpp"

#include "actors/detail/blocking_pool.hpp"
#include "actors/messages/type_ids.hpp"

#include <caf/io/middleman.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace troupe::test {

task<> settle() {
  for (int i = 0; i < 10; ++i)
    co_await troupe::yield();
}

detail::node_services_ptr test_node(caf::actor database, std::vector<detail::event_loop*> loops) {
  auto out = std::make_shared<detail::node_services>();
  out->node_name = "test-node";
  if (database)
    out->database.pools = {detail::from_caf(caf::actor_cast<caf::strong_actor_ptr>(database))};
  out->blocking = std::make_shared<detail::blocking_pool>(2, 8);
  out->loops = std::move(loops);
  return out;
}

caf::behavior runner::make_behavior() {
  return {
      [this](errand& what) { what.run(ctx()); },
  };
}

loop_bench::config::config(bool networked) {
  set("scheduler.policy", caf::atom("sharing")); // the other one polls while it is idle
  set("scheduler.max-threads", std::size_t{1});
  if (!networked)
    return;
  load<caf::io::middleman>();
  register_messages(*this);
  set("middleman.workers", std::size_t{0});
}

loop_bench::loop_bench(unsigned loops, bool networked)
    : config_(networked), system_(config_), self_(system_) {
  spdlog::set_level(spdlog::level::off); // the failures that tests provoke
  for (unsigned i = 0; i < loops; ++i)
    loops_.push_back(std::make_unique<detail::event_loop>(system_, i));
  for (auto& each : loops_)
    each->start();
  runner_ = spawn_runner();
}

loop_bench::~loop_bench() {
  for (auto last = owned_.rbegin(); last != owned_.rend(); ++last)
    end(*last);
  detail::event_loop::end_all(loops_);
}

caf::actor loop_bench::own(caf::actor made) {
  owned_.push_back(made);
  return made;
}

caf::actor loop_bench::spawn_runner(caf::actor database) {
  std::vector<detail::event_loop*> all;
  for (const auto& each : loops_)
    all.push_back(each.get());
  return spawn<runner>(test_node(std::move(database), std::move(all)));
}

void loop_bench::end(const caf::actor& who) {
  detail::end_actor(who);
  self_->wait_for(who);
}

std::vector<std::string> loop_bench::lost_by(const caf::actor& who) {
  return run_on(who, [who](context&) -> task<std::vector<std::string>> {
    co_return static_cast<runner*>(caf::actor_cast<caf::abstract_actor*>(who))->lost;
  });
}

void loop_bench::send(const caf::actor& to, std::function<void(context&)> fn) {
  caf::anon_send(to, errand{std::move(fn)});
}

} // namespace troupe::test
