// Stateful actors: what stands here for a mutex.
#include "actors/channel.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

struct increment {
  int by = 1;
};
struct read_value {};
struct fail {
  bool expected = true;
  bool later = false;
};
struct hold {
  channel<int> until;
};
struct keep {
  token held;
};

struct counter {
  int value = 0;
  token held;

  int handle(increment what) { return value += what.by; }
  int handle(read_value) const { return value; }
  void handle(keep what) { held = std::move(what.held); }

  task<int> handle(context&, fail what) {
    if (what.later)
      co_await settle();
    if (what.expected)
      throw error{errc::conflict, "the counter says no"};
    throw std::runtime_error{"secret"};
  }

  /// Adds one before and one after the wait.
  task<int> handle(context&, hold what) {
    ++value;
    co_await what.until.recv();
    co_return ++value;
  }
};

struct plain_failure {
  void handle(increment) { throw error{errc::forbidden, "at once"}; }
};

class a_stateful_actor : public testing::Test {
protected:
  loop_bench bench_;
};

TEST_F(a_stateful_actor, answers_what_its_handler_returns) {
  bench_.run([](context& ctx) -> task<> {
    auto mine = ctx.actor<counter>();
    EXPECT_EQ(co_await ctx.ask(mine, increment{}), 1);
    EXPECT_EQ(co_await ctx.ask(mine, increment{41}), 42);
    co_await ctx.ask(mine, keep{}); // answers nothing
    ctx.tell(mine, increment{8});
    EXPECT_EQ(co_await ctx.ask(mine, read_value{}), 50);                 // behind what was told
    EXPECT_EQ(co_await ctx.ask(ctx.actor<counter>(), read_value{}), 50); // the same actor
  });
}

TEST_F(a_stateful_actor, throws_its_failures_where_it_was_asked) {
  bench_.run([](context& ctx) -> task<> {
    auto mine = ctx.actor<counter>();
    for (const bool later : {false, true}) {
      EXPECT_EQ(co_await outcome(ctx.ask(mine, fail{true, later})),
                "conflict: the counter says no");
      EXPECT_EQ(co_await outcome(ctx.ask(mine, fail{false, later})),
                "internal: a stateful actor failed: secret");
      ctx.tell(mine, fail{false, later}); // nobody hears of it
    }
    EXPECT_EQ(co_await outcome(ctx.ask(ctx.actor<plain_failure>(), increment{})),
              "forbidden: at once");
    EXPECT_EQ(co_await ctx.ask(mine, increment{}), 1); // it goes on
  });
}

task<int> ask_and_note(context& ctx, actor_ref<counter> whom, increment what, words& log) {
  const auto value = co_await ctx.ask(whom, what);
  log.push_back(std::to_string(value));
  co_return value;
}

TEST_F(a_stateful_actor, handles_one_message_at_a_time_also_while_a_handler_waits) {
  bench_.run([](context& ctx) -> task<> {
    auto mine = ctx.actor<counter>();
    channel<int> door{1};
    words log;
    auto held =
        ctx.spawn([&](context& c) -> task<int> { co_return co_await c.ask(mine, hold{door}); });
    std::vector<join_handle<int>> others;
    for (int i = 0; i < 3; ++i)
      others.push_back(ctx.spawn(ask_and_note(ctx, mine, increment{10}, log)));
    // Another actor of this loop answers behind all these messages.
    EXPECT_EQ(co_await outcome(ctx.ask(ctx.actor<plain_failure>(), increment{})),
              "forbidden: at once");
    EXPECT_EQ(log, words{});
    EXPECT_FALSE(held.finished());
    door.close();
    EXPECT_EQ(co_await held, 2);
    EXPECT_EQ(co_await join_all(std::move(others)), (std::vector<int>{12, 22, 32}));
    EXPECT_EQ(log, (words{"12", "22", "32"}));
  });
}

TEST_F(a_stateful_actor, loses_no_message_of_askers_on_several_loops) {
  constexpr int askers = 4, each = 500;
  loop_bench bench{2};
  const auto ref =
      bench.run([](context& ctx) -> task<actor_ref<counter>> { co_return ctx.actor<counter>(); });
  std::vector<std::future<void>> done;
  for (int i = 0; i < askers; ++i) {
    auto ended = std::make_shared<std::promise<void>>();
    done.push_back(ended->get_future());
    const auto asker = bench.own(detail::spawn_pinned<runner>(
        bench.loop(static_cast<std::size_t>(i) % 2), test_node()));
    loop_bench::send(asker, [ref, ended](context& ctx) {
      static_cast<void>(ctx.spawn([ref, ended](context& c) -> task<> {
        for (int n = 0; n < each; ++n)
          co_await c.ask(ref, increment{});
        ended->set_value();
      }));
    });
  }
  for (auto& one : done)
    ASSERT_EQ(one.wait_for(scaled(soon)), std::future_status::ready);
  EXPECT_EQ(bench.run([ref](context& ctx) -> task<int> {
    co_return co_await ctx.ask(ref, read_value{});
  }),
            askers * each);
}

/// An actor that belongs to a runner of its own, so that a test can end it.
struct owned_counter {
  caf::actor owner;
  actor_ref<counter> ref;
};

owned_counter make_counter(loop_bench& bench) {
  auto owner = bench.spawn_runner();
  auto ref = bench.run_on(
      owner, [](context& ctx) -> task<actor_ref<counter>> { co_return ctx.actor<counter>(); });
  return {std::move(owner), std::move(ref)};
}

TEST_F(a_stateful_actor, ends_with_its_owner_and_fails_those_who_wait) {
  const auto counted = make_counter(bench_);
  const auto held = make_token();
  auto ended = bench_.run(
      [&, ref = counted.ref](context& ctx) -> task<std::vector<join_handle<std::string>>> {
        co_await ctx.ask(ref, keep{held});
        std::vector<join_handle<std::string>> out;
        out.push_back(ctx.spawn(outcome(ctx.ask(ref, hold{channel<int>{1}})))); // being handled
        out.push_back(ctx.spawn(outcome(ctx.ask(ref, increment{}))));           // waits behind it
        // Another actor of the loop answers behind both.
        co_await outcome(ctx.ask(ctx.actor<plain_failure>(), increment{}));
        co_return out;
      });
  EXPECT_EQ(held.use_count(), 2);
  bench_.end(counted.owner);
  bench_.run([&](context&) -> task<> {
    for (auto& each : ended)
      EXPECT_EQ(co_await each, "unavailable: the actor has ended");
  });
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(a_stateful_actor, that_has_ended_fails_whoever_asks_it) {
  const auto counted = make_counter(bench_);
  bench_.end(counted.owner);
  const auto ended = bench_.run([ref = counted.ref](context& ctx) -> task<std::string> {
    // The owner is down; its actor has been told to end before this message can reach it.
    auto asked = ctx.spawn(outcome(ctx.ask(ref, read_value{})));
    co_return co_await asked.wait_for(scaled(2s)) ? co_await asked : "no answer";
  });
  EXPECT_EQ(ended, "unavailable: the actor has ended");
}

TEST_F(a_stateful_actor, that_is_none_cannot_be_asked) {
  EXPECT_EQ(bench_.run([](context& ctx) -> task<std::string> {
    ctx.tell(actor_ref<counter>{}, read_value{}); // dropped
    return outcome(ctx.ask(actor_ref<counter>{}, read_value{}));
  }),
            "an empty actor_ref was asked");
}

/// What a task found when it was destroyed; outlives both the task and its state.
struct last_look {
  bool state_alive = true;
  bool seen_alive = false;
};

struct begin_task {};

/// Has a task whose frame looks whether the state is still there when it is destroyed.
struct with_task {
  struct look_at_end {
    std::shared_ptr<last_look> at;
    ~look_at_end() { at->seen_alive = at->state_alive; }
  };

  std::shared_ptr<last_look> handle(context& ctx, begin_task) {
    static_cast<void>(ctx.spawn([at = look](context& c) -> task<> {
      look_at_end last{at};
      co_await c.sleep(1h);
    }));
    return look;
  }

  ~with_task() { look->state_alive = false; }

  std::shared_ptr<last_look> look = std::make_shared<last_look>();
};

TEST_F(a_stateful_actor, outlives_the_tasks_that_it_spawned) {
  const auto owner = bench_.spawn_runner();
  const auto look = bench_.run_on(owner, [](context& ctx) -> task<std::shared_ptr<last_look>> {
    co_return co_await ctx.ask(ctx.actor<with_task>(), begin_task{});
  });
  bench_.end(owner);
  bench_.run([](context&) -> task<> { co_return; }); // the owner's actor has ended by then
  EXPECT_FALSE(look->state_alive);
  EXPECT_TRUE(look->seen_alive);
}

} // namespace
} // namespace troupe::test
