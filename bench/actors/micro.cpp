// What the pieces of the actor runtime cost, beside CAF's actors on their own scheduler.
#include "actors/block_on.hpp"
#include "actors/channel.hpp"
#include "actors/combine.hpp"

#include <benchmark/benchmark.h>

#include <caf/all.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace troupe;
using benchmark::State;
using steady = std::chrono::steady_clock;

double seconds_since(steady::time_point begun) {
  return std::chrono::duration<double>(steady::now() - begun).count();
}

/// Each iteration was `count` operations.
void count_items(State& state, std::int64_t count) {
  state.SetItemsProcessed(state.iterations() * count);
  state.counters["per_item"] =
    benchmark::Counter(static_cast<double>(state.iterations() * count),
                       benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Runs `work(context&)`, which gives the seconds that its `count` operations took, over and over.
template <class F>
void measure(State& state, std::int64_t count, unsigned loops, F work) {
  block_on(
    [&](context& ctx) -> task<> {
      for (auto _ : state)
        state.SetIterationTime(co_await work(ctx));
    },
    loops);
  count_items(state, count);
}

struct add {
  int by = 1;
};
struct adder {
  int handle(add what) { return sum += what.by; }
  int sum = 0;
};

task<double> ask_often(context& ctx, actor_ref<adder> whom, int count) {
  const auto begun = steady::now();
  for (int i = 0; i < count; ++i)
    benchmark::DoNotOptimize(co_await ctx.ask(whom, add{}));
  co_return seconds_since(begun);
}

// -- ask and reply ------------------------------------------------------------------------------------

void ask_on_one_loop(State& state) {
  constexpr int count = 100'000;
  measure(state, count, 1, [](context& ctx) {
    return ask_often(ctx, ctx.actor<adder>(), count);
  });
}

struct keep_busy {
  std::shared_ptr<std::atomic<bool>> until;
};
struct busybody {
  task<void> handle(context& ctx, keep_busy what) {
    while (!*what.until)
      co_await ctx.yield();
  }
};

/// An actor on another loop than this one.
template <class S>
actor_ref<S> far_actor(context& ctx) {
  auto made = ctx.spawn_actor<S>({.where = placement::spread});
  while (&made.cell()->loop() == &ctx.host().loop())
    made = ctx.spawn_actor<S>({.where = placement::spread});
  return made;
}

void ask_between_busy_loops(State& state) {
  constexpr int count = 10'000;
  const auto ended = std::make_shared<std::atomic<bool>>(false);
  measure(state, count, 2, [&](context& ctx) -> task<double> {
    *ended = false;
    ctx.tell(ctx.actor<busybody>(), keep_busy{ended});
    ctx.tell(far_actor<busybody>(ctx), keep_busy{ended});
    const auto took = co_await ask_often(ctx, far_actor<adder>(ctx), count);
    *ended = true;
    co_return took;
  });
}

void ask_between_idle_loops(State& state) {
  constexpr int count = 50;
  measure(state, count, 2, [](context& ctx) -> task<double> {
    const auto whom = far_actor<adder>(ctx);
    double took = 0;
    for (int i = 0; i < count; ++i) {
      co_await ctx.sleep(2ms); // both loops go to sleep
      took += co_await ask_often(ctx, whom, 1);
    }
    co_return took;
  });
}

// -- tasks --------------------------------------------------------------------------------------------

task<> nothing() { co_return; }

void spawn_and_finish(State& state) {
  constexpr int count = 100'000;
  measure(state, count, 1, [](context& ctx) -> task<double> {
    const auto begun = steady::now();
    for (int i = 0; i < count; ++i)
      co_await ctx.spawn(nothing());
    co_return seconds_since(begun);
  });
}

task<int> after_a_turn(int value) {
  co_await troupe::yield();
  co_return value;
}

void join_1000_tasks(State& state) {
  constexpr int count = 1000, rounds = 100;
  measure(state, count * rounds, 1, [](context&) -> task<double> {
    const auto begun = steady::now();
    for (int round = 0; round < rounds; ++round) {
      std::vector<task<int>> all;
      all.reserve(count);
      for (int i = 0; i < count; ++i)
        all.push_back(after_a_turn(i));
      benchmark::DoNotOptimize(co_await join_all(std::move(all)));
    }
    co_return seconds_since(begun);
  });
}

// -- channels -----------------------------------------------------------------------------------------

constexpr int channel_items = 1'000'000;

task<> produce(channel<int> into) {
  for (int i = 0; i < channel_items; ++i)
    co_await into.send(i);
  into.close();
}

task<double> consume(channel<int> from) {
  const auto begun = steady::now();
  std::int64_t sum = 0;
  while (auto each = co_await from.recv())
    sum += *each;
  if (sum != std::int64_t{channel_items} * (channel_items - 1) / 2)
    throw std::logic_error{"the channel has lost something"};
  co_return seconds_since(begun);
}

void channel_on_one_loop(State& state) {
  measure(state, channel_items, 1, [](context& ctx) -> task<double> {
    channel<int> items{128};
    static_cast<void>(ctx.spawn(produce(items)));
    co_return co_await consume(items);
  });
}

struct produce_into {
  channel<int> into;
};
struct producer {
  task<void> handle(produce_into what) { return produce(std::move(what.into)); }
};

void channel_across_loops(State& state) {
  measure(state, channel_items, 2, [](context& ctx) -> task<double> {
    channel<int> items{1024};
    ctx.tell(far_actor<producer>(ctx), produce_into{items});
    co_return co_await consume(items);
  });
}

// -- plain CAF ----------------------------------------------------------------------------------------

caf::behavior caf_adder(caf::stateful_actor<int>* self) {
  return {[=](int by) { return self->state += by; }};
}

struct caf_default : caf::actor_system_config {};
struct caf_sharing : caf::actor_system_config {
  caf_sharing() { set("scheduler.policy", caf::atom("sharing")); }
};

caf::behavior caf_asker(caf::stateful_actor<int>* self, caf::actor whom, caf::actor done) {
  return {[=](int left) {
    if (left == 0) {
      self->send(done, caf::atom("done"));
      self->quit();
      return;
    }
    self->request(whom, caf::infinite, 1).then([=](int) { self->send(self, left - 1); });
  }};
}

/// Each round is begun by `begin` and ends with a message to `self`.
template <class F>
void caf_rounds(State& state, caf::scoped_actor& self, F begin) {
  for (auto _ : state) {
    const auto begun = steady::now();
    begin();
    self->receive([](caf::atom_value) {});
    state.SetIterationTime(seconds_since(begun));
  }
}

template <class Config>
void caf_ask(State& state) {
  constexpr int count = 10'000;
  Config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto whom = system.spawn(caf_adder);
  caf_rounds(state, self, [&] {
    caf::anon_send(system.spawn(caf_asker, whom, caf::actor_cast<caf::actor>(self)), count);
  });
  caf::anon_send_exit(whom, caf::exit_reason::user_shutdown);
  count_items(state, count);
}

void caf_spawn_and_finish(State& state) {
  constexpr int count = 10'000;
  caf_default config;
  caf::actor_system system{config};
  for (auto _ : state) {
    const auto begun = steady::now();
    for (int i = 0; i < count; ++i)
      system.spawn([] {});
    system.await_all_actors_done();
    state.SetIterationTime(seconds_since(begun));
  }
  count_items(state, count);
}

/// Asks a new actor for each of `count` answers, all at the same time, and waits for all.
caf::behavior caf_fan(caf::stateful_actor<int>* self, int count, caf::actor done) {
  return {[=](int) {
    self->state = count;
    for (int i = 0; i < count; ++i)
      self->request(self->spawn(caf_adder), caf::infinite, i).then([=](int) {
        if (--self->state > 0)
          return;
        self->send(done, caf::atom("done"));
        self->quit();
      });
  }};
}

void caf_fan_out_1000_actors(State& state) {
  constexpr int count = 1000;
  caf_default config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  caf_rounds(state, self, [&] {
    caf::anon_send(system.spawn(caf_fan, count, caf::actor_cast<caf::actor>(self)), 0);
  });
  count_items(state, count);
}

/// Takes as many messages as a channel's consumer takes values.
caf::behavior caf_consumer(caf::stateful_actor<std::int64_t>* self, caf::actor done) {
  return {[=](int each) {
    self->state += each;
    if (each != channel_items - 1)
      return;
    self->send(done, caf::atom("done"));
    self->quit();
  }};
}

void caf_messages_one_way(State& state) {
  caf_default config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  caf_rounds(state, self, [&] {
    auto to = system.spawn(caf_consumer, caf::actor_cast<caf::actor>(self));
    system.spawn([to](caf::event_based_actor* from) {
      for (int i = 0; i < channel_items; ++i)
        from->send(to, i);
    });
  });
  count_items(state, channel_items);
}

// -- a million actors ---------------------------------------------------------------------------------

constexpr int many = 1'000'000;

double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

struct figures {
  double seconds = 0;
  double bytes = 0;
};

/// In a process of its own, whose memory nothing else has touched.
template <class F>
void in_own_process(State& state, F work) {
  for (auto _ : state) {
    int ends[2];
    if (pipe(ends) != 0)
      return state.SkipWithError("no pipe");
    const auto child = fork();
    if (child == 0) {
      const figures found = work();
      _exit(write(ends[1], &found, sizeof found) == sizeof found ? 0 : 1);
    }
    figures found;
    const bool read_all = read(ends[0], &found, sizeof found) == sizeof found;
    close(ends[0]);
    close(ends[1]);
    waitpid(child, nullptr, 0);
    if (!read_all)
      return state.SkipWithError("the process has failed");
    state.SetIterationTime(found.seconds);
    state.counters["bytes_per_actor"] = found.bytes / many;
  }
}

void create_a_million_actors(State& state) {
  in_own_process(state, [] {
    return block_on(
      [](context& ctx) -> task<figures> {
        std::vector<actor_ref<adder>> all;
        all.reserve(many);
        const auto before = resident_bytes();
        const auto begun = steady::now();
        for (int i = 0; i < many; ++i)
          all.push_back(ctx.spawn_actor<adder>());
        figures out{seconds_since(begun), resident_bytes() - before};
        co_return out;
      },
      1);
  });
}

void caf_create_a_million_actors(State& state) {
  in_own_process(state, [] {
    caf_default config;
    caf::actor_system system{config};
    std::vector<caf::actor> all;
    all.reserve(many);
    const auto before = resident_bytes();
    const auto begun = steady::now();
    for (int i = 0; i < many; ++i)
      all.push_back(system.spawn(caf_adder));
    const figures out{seconds_since(begun), resident_bytes() - before};
    for (const auto& each : all)
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    return out;
  });
}

} // namespace

BENCHMARK(ask_on_one_loop)->UseManualTime();
BENCHMARK(ask_between_busy_loops)->UseManualTime();
BENCHMARK(ask_between_idle_loops)->UseManualTime();
BENCHMARK(caf_ask<caf_default>)->UseManualTime();
BENCHMARK(caf_ask<caf_sharing>)->UseManualTime();
BENCHMARK(spawn_and_finish)->UseManualTime();
BENCHMARK(caf_spawn_and_finish)->UseManualTime();
BENCHMARK(join_1000_tasks)->UseManualTime();
BENCHMARK(caf_fan_out_1000_actors)->UseManualTime();
BENCHMARK(channel_on_one_loop)->UseManualTime();
BENCHMARK(channel_across_loops)->UseManualTime();
BENCHMARK(caf_messages_one_way)->UseManualTime();
BENCHMARK(create_a_million_actors)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);
BENCHMARK(caf_create_a_million_actors)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
