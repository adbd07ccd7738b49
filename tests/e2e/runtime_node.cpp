// A node whose handlers block, hold their loop, never end, crash, and keep states by key.
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <troupe/troupe.hpp>

namespace {

using namespace std::chrono_literals;
using namespace troupe;

task<response> ping(context&, const request&) { co_return text("pong"); }

/// What a handler sees of whom a request comes from.
task<response> show_origin(context&, const request& req) {
  auto fields = nlohmann::json::array();
  for (std::size_t i = 0; i < req.headers.size(); ++i)
    fields.push_back(req.headers[i].first);
  co_return json({{"client", req.client},
                  {"scheme", req.scheme},
                  {"host", req.host()},
                  {"fields", std::move(fields)}});
}

/// Blocks a thread of the pool.
task<response> block(context& ctx, const request& req) {
  const auto ms = req.query<int>("ms", 2000);
  co_await ctx.blocking([ms] { std::this_thread::sleep_for(ms * 1ms); });
  co_return text("blocked");
}

std::atomic<bool> gate_closed{true};

/// The same until somebody opens the gate.
task<response> block_at_gate(context& ctx, const request&) {
  co_await ctx.blocking([] { gate_closed.wait(true); });
  co_return text("passed");
}

task<response> open_gate(context&, const request&) {
  gate_closed = false;
  gate_closed.notify_all();
  co_return text("open");
}

/// The mistake that the watchdog is there for.
task<response> hold(context&, const request& req) {
  std::this_thread::sleep_for(req.query<int>("ms", 200) * 1ms);
  co_return text("held");
}

std::atomic<bool> spinning{true};

task<response> spin(context& ctx, const request&) {
  while (spinning)
    co_await ctx.yield();
  co_return text("done");
}

task<response> end_spin(context&, const request&) {
  spinning = false;
  co_return text("ended");
}

std::atomic<int> lingering{0};

struct lingerer {
  lingerer() { ++lingering; }
  ~lingerer() { --lingering; }
};

task<response> linger(context& ctx, const request&) {
  const lingerer alive;
  co_await ctx.sleep(60s);
  co_return text("at last");
}

task<response> count_lingering(context&, const request&) {
  co_return text(std::to_string(lingering.load()));
}

// -- states by key ----------------------------------------------------------------------------------

struct add {
  std::int64_t amount = 1;
};
struct read_balance {};

struct account {
  std::int64_t balance = 0;
  std::int64_t handle(add what) { return balance += what.amount; }
  std::int64_t handle(read_balance) const { return balance; }
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(account, balance)
};

const keyed<account> accounts{"accounts",
                              {.idle_timeout = 200ms, .persistence = persistence::each_change}};

task<response> change_account(context& ctx, const request& req) {
  const auto sum = co_await ctx.ask(accounts[req.param<std::string>("key")], add{1});
  co_return json({{"balance", sum}});
}

task<response> show_account(context& ctx, const request& req) {
  const auto sum = co_await ctx.ask(accounts[req.param<std::string>("key")], read_balance{});
  co_return json({{"balance", sum}});
}

// -- crashes ----------------------------------------------------------------------------------------

struct go_wrong {};
struct wait_long {};
struct count {};

struct fragile {
  int handled = 0;
  void handle(go_wrong) { throw std::runtime_error{"fragile by design"}; }
  int handle(count) { return ++handled; }
  task<void> handle(context& ctx, wait_long) { co_await ctx.sleep(60s); }
};

struct own_actors {
  actor_ref<fragile> helper;
};

/// Of a service of its own: it fails with this actor, which is never begun anew.
actor_ref<fragile> beyond_help(context& ctx) {
  auto& mine = ctx.local<own_actors>();
  if (!mine.helper)
    mine.helper = ctx.spawn_actor<fragile>({.name = "glass", .restart = {.max_restarts = 0}});
  return mine.helper;
}

task<response> crash(context& ctx, const request&) {
  co_await ctx.ask(ctx.actor<fragile>(), go_wrong{});
  co_return text("");
}

task<response> crash_worker(context& ctx, const request&) {
  co_await ctx.ask(beyond_help(ctx), go_wrong{});
  co_return text("");
}

task<response> wait_in_worker(context& ctx, const request&) {
  co_await ctx.sleep(60s);
  co_return text("");
}

task<response> count_in_actor(context& ctx, const request&) {
  co_return text(std::to_string(co_await ctx.ask(ctx.actor<fragile>(), count{})));
}

/// Leaves a task with a name behind that fails, one that waits, and a group with an actor.
task<response> leave_behind(context& ctx, const request&) {
  static_cast<void>(ctx.spawn("doomed", []() -> task<> {
    throw std::runtime_error{"as it should"};
    co_return;
  }));
  static_cast<void>(ctx.spawn("patrol", [](context& c) -> task<> { co_await c.sleep(60s); }));
  auto group = ctx.make_supervisor({.name = "crew", .strategy = strategy::all_for_one});
  auto one = group.make_supervisor({.name = "deck"}).spawn_actor<fragile>({.name = "sailor"});
  co_return text(std::to_string(co_await ctx.ask(one, count{})));
}

// -- a bounded mailbox ------------------------------------------------------------------------------

task<response> crowded(context& ctx, const request&) {
  auto& mine = ctx.local<own_actors>();
  if (!mine.helper)
    mine.helper = ctx.spawn_actor<fragile>({.name = "crowded", .mailbox = 2});
  co_await ctx.ask(mine.helper, wait_long{});
  co_return text("");
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("basics")
                  .get("/ping", ping)
                  .get("/origin", show_origin)
                  .get("/linger", linger)
                  .get("/lingering", count_lingering),
              service("threads")
                  .get("/block", block)
                  .get("/gate", block_at_gate)
                  .post("/gate/open", open_gate)
                  .get("/hold", hold),
              service("spinner").get("/spin", spin).post("/spin/end", end_spin),
              service("accounts")
                  .post("/accounts/{key}", change_account)
                  .get("/accounts/{key}", show_account),
              service("leaver").singleton().post("/leave", leave_behind),
              service("fragile").post("/crash", crash).get("/count", count_in_actor),
              service("glass")
                  .singleton()
                  .post("/glass/crash", crash_worker)
                  .get("/glass/wait", wait_in_worker),
              service("crowded").singleton().get("/crowded", crowded),
              service("bounded").max_in_work(2).singleton().get("/bounded", wait_in_worker)});
}
