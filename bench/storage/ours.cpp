#include "bench/storage/measured.hpp"

#include "actors/combine.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/coroutine_actor.hpp"
#include "actors/detail/event_loop.hpp"
#include "storage/database.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
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

/// A loop with its callers.
struct part {
  std::unique_ptr<detail::event_loop> loop;
  caf::actor caller;
  workload what;
  std::promise<measured> ended;
};

} // namespace

measured read_with_pool(const workload& what, const pool_options& how) {
  caf_settings settings;
  caf::actor_system system{settings};
  std::vector<part> parts(how.loops);
  auto node = std::make_shared<detail::node_services>();
  for (unsigned i = 0; i < how.loops; ++i) {
    parts[i].loop = std::make_unique<detail::event_loop>(system, i);
    node->loops.push_back(parts[i].loop.get());
  }
  config::storage_settings storage;
  storage.url = what.url;
  storage.max_connections = storage.min_connections = what.connections;
  storage.per_loop = how.per_loop;
  auto actors = storage::spawn_databases(node->loops, storage);
  for (const auto& each : actors)
    node->database.pools.push_back(detail::from_caf(caf::actor_cast<caf::strong_actor_ptr>(each)));
  for (unsigned i = 0; i < how.loops; ++i) {
    auto& each = parts[i];
    each.what = what;
    each.what.callers = what.callers / how.loops + (i < what.callers % how.loops ? 1 : 0);
    each.caller = detail::spawn_pinned<caller_actor>(*each.loop, detail::node_services_ptr{node});
    actors.insert(actors.begin(), each.caller);
    each.loop->start();
  }
  for (auto& each : parts)
    each.loop->post([&each, coalesced = how.coalesced] {
      static_cast<caller_actor*>(caf::actor_cast<caf::abstract_actor*>(each.caller))
        ->begin([&each, coalesced](context& ctx) { return read_all(ctx, each.what, coalesced, each.ended); });
    });
  measured out;
  for (auto& each : parts) {
    const auto found = each.ended.get_future().get();
    out.rows += found.rows;
    out.seconds = std::max(out.seconds, found.seconds);
  }
  caf::scoped_actor self{system};
  for (const auto& each : actors) {
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    self->wait_for(each);
  }
  std::vector<std::unique_ptr<detail::event_loop>> all;
  for (auto& each : parts)
    all.push_back(std::move(each.loop));
  detail::event_loop::end_all(all);
  return out;
}

} // namespace troupe::bench
