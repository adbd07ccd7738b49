#include "bench/storage/measured.hpp"

#include "actors/combine.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/coroutine_actor.hpp"
#include "actors/detail/event_loop.hpp"
#include "storage/database.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <vector>

namespace troupe::bench {

namespace {

using clock = std::chrono::steady_clock;

/// An actor that runs one coroutine.
class caller_actor final : public detail::coroutine_actor {
public:
  using coroutine_actor::coroutine_actor;
  caf::behavior make_behavior() override { return {[](int) {}}; }
  std::string host_name() const override { return "bench"; }
  detail::actor_view view() const override { return {}; }
  void child_lost(const std::string&) override {}
  void begin(const std::function<task<void>(troupe::context&)>& work) {
    static_cast<void>(ctx().spawn("bench", work(ctx())));
  }

protected:
  void drop_work() override {}
};

struct caf_settings : caf::actor_system_config {
  caf_settings() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

task<std::uint64_t> read_on(context& ctx, clock::time_point until, bool coalesced) {
  std::uint64_t rows = 0;
  for (; clock::now() < until; ++rows) {
    const auto id = random_id();
    const auto found = coalesced ? co_await ctx.db().coalesce("id").one(rows_by_ids, id)
                                 : co_await ctx.db().one(row_by_id, id);
    check_row(id, found.get<int>("id"), found.get<int>("number"));
  }
  co_return rows;
}

task<void> read_all(context& ctx, const workload& what, bool coalesced, std::promise<measured>& ended) {
  co_await ctx.db().one(row_by_id, 1); // there is a connection
  const auto begun = clock::now();
  const auto until = begun + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>{what.seconds});
  std::vector<task<std::uint64_t>> callers;
  for (unsigned i = 0; i < what.callers; ++i)
    callers.push_back(read_on(ctx, until, coalesced));
  measured out;
  for (const auto rows : co_await join_all(std::move(callers)))
    out.rows += rows;
  out.seconds = std::chrono::duration<double>(clock::now() - begun).count();
  ended.set_value(out);
}

} // namespace

measured read_with_pool(const workload& what, bool coalesced) {
  caf_settings settings;
  caf::actor_system system{settings};
  std::vector<std::unique_ptr<detail::event_loop>> loops;
  loops.push_back(std::make_unique<detail::event_loop>(system, 0));
  config::storage_settings storage;
  storage.url = what.url;
  storage.max_connections = storage.min_connections = what.connections;
  auto database = storage::spawn_database(*loops.front(), storage);
  auto node = std::make_shared<detail::node_services>();
  node->database.actor = detail::from_caf(caf::actor_cast<caf::strong_actor_ptr>(database));
  node->loops.push_back(loops.front().get());
  auto caller = detail::spawn_pinned<caller_actor>(*loops.front(), detail::node_services_ptr{node});
  loops.front()->start();
  std::promise<measured> ended;
  loops.front()->post([&] {
    static_cast<caller_actor*>(caf::actor_cast<caf::abstract_actor*>(caller))
      ->begin([&](context& ctx) { return read_all(ctx, what, coalesced, ended); });
  });
  const auto out = ended.get_future().get();
  caf::scoped_actor self{system};
  for (const auto& each : {caller, database}) {
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    self->wait_for(each);
  }
  detail::event_loop::end_all(loops);
  return out;
}

} // namespace troupe::bench
