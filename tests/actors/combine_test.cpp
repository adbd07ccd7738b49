// Tasks beside each other: join_all, race, with_timeout, join_set, abort, yield.
#include "actors/channel.hpp"
#include "actors/combine.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

class tasks_together : public testing::Test {
protected:
  loop_bench bench_;
};

task<int> after(channel<int> gate, int value) {
  co_await gate.recv();
  co_return value;
}

task<int> at_once(int value) {
  co_return value;
}

task<int> failing(channel<int> gate, std::string why) {
  co_await gate.recv();
  throw std::runtime_error{why};
}

task<int> holding(token, channel<int> gate) {
  co_await gate.recv();
  co_return 0;
}

TEST_F(tasks_together, joined_give_their_results_in_order_whichever_ends_first) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> first{1}, second{1};
    auto joined = ctx.spawn([=](context&) -> task<std::vector<int>> {
      std::vector<task<int>> all;
      all.push_back(after(first, 1));
      all.push_back(after(second, 2));
      all.push_back(at_once(3));
      co_return co_await join_all(std::move(all));
    });
    second.close();
    co_await settle();
    EXPECT_FALSE(joined.finished());
    first.close();
    EXPECT_EQ(co_await joined, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(co_await join_all(std::vector<task<int>>{}), std::vector<int>{});
    auto [number, nothing, text] = co_await join_all(
      at_once(4), []() -> task<void> { co_return; }(),
      []() -> task<std::string> { co_return "five"; }());
    EXPECT_EQ(number, 4);
    EXPECT_EQ(nothing, std::monostate{});
    EXPECT_EQ(text, "five");
  });
}

TEST_F(tasks_together, joined_throw_the_first_failure_in_order_after_all_have_ended) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> open{1}, late{1};
    open.close();
    auto joined = ctx.spawn(outcome([](channel<int> a, channel<int> b) -> task<std::vector<int>> {
      std::vector<task<int>> all;
      all.push_back(failing(b, "late"));
      all.push_back(failing(a, "early"));
      return join_all(std::move(all));
    }(open, late)));
    co_await settle();
    EXPECT_FALSE(joined.finished());
    late.close();
    EXPECT_EQ(co_await joined, "late");
  });
}

TEST_F(tasks_together, racing_give_the_first_result_and_destroy_the_others_before_that) {
  bench_.run([](context& ctx) -> task<> {
    const auto held = make_token();
    channel<int> never{1}, gate{1};
    auto raced = ctx.spawn([=](context&) -> task<int> {
      std::vector<task<int>> all;
      all.push_back(holding(held, never));
      all.push_back(after(gate, 7));
      all.push_back(holding(held, never));
      const auto won = co_await race(std::move(all));
      EXPECT_EQ(held.use_count(), 2); // the test's and this coroutine's
      co_return won;
    });
    co_await settle();
    EXPECT_GT(held.use_count(), 3);
    gate.close();
    EXPECT_EQ(co_await raced, 7);
  });
}

TEST_F(tasks_together, racing_of_different_types_tell_who_won_and_throw_its_exception) {
  bench_.run([](context&) -> task<> {
    channel<int> never{1}, open{1};
    open.close();
    const auto won = co_await race(after(never, 1), []() -> task<std::string> { co_return "b"; }());
    EXPECT_EQ(won.index(), 1U);
    EXPECT_EQ(std::get<1>(won), "b");
    EXPECT_EQ(co_await outcome(race(failing(open, "lost"), after(never, 1))), "lost");
    EXPECT_EQ(co_await outcome(race(std::vector<task<int>>{})), "a race without tasks");
    EXPECT_EQ(co_await outcome(race(task<int>{}, at_once(1))), "an empty task was given to race");
  });
}

TEST_F(tasks_together, with_a_time_limit_are_destroyed_when_it_has_passed) {
  bench_.run([](context&) -> task<> {
    const auto held = make_token();
    channel<int> never{1}, open{1};
    open.close();
    EXPECT_EQ(co_await with_timeout(1h, after(open, 5)), 5);
    EXPECT_EQ(co_await with_timeout(std::chrono::hours::max(), at_once(6)), 6);
    for (const auto limit : {-5ms, 0ms, 2ms}) {
      EXPECT_EQ(co_await outcome(with_timeout(limit, holding(held, never))),
                "deadline_exceeded: no result within " + std::to_string(limit.count()) + " ms");
      EXPECT_EQ(held.use_count(), 1);
    }
    EXPECT_EQ(co_await outcome(with_timeout(1h, failing(open, "its own"))), "its own");
  });
}

TEST_F(tasks_together, may_be_anything_that_can_be_awaited) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> items{4};
    items.try_send(1);
    items.try_send(2);
    items.try_send(3);
    EXPECT_EQ(co_await with_timeout(1h, items.recv()), 1);
    const auto won = co_await race(ctx.sleep(1h), items.recv(), ctx.spawn(holding({}, channel<int>{1})));
    EXPECT_EQ(std::get<1>(won), 2);
    auto [nothing, item, sent] = co_await join_all(ctx.sleep(1ms), items.recv(), items.send(4));
    EXPECT_EQ(item, 3);
    EXPECT_TRUE(sent);
    EXPECT_EQ(co_await outcome(with_timeout(1ms, ctx.spawn(holding({}, channel<int>{1})))),
              "deadline_exceeded: no result within 1 ms");
    EXPECT_EQ(co_await with_timeout(1h, items.recv()), 4);
    EXPECT_EQ(co_await outcome(with_timeout(1ms, items.recv())),
              "deadline_exceeded: no result within 1 ms");
  });
}

TEST_F(tasks_together, in_a_set_come_as_they_end) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> first{1}, second{1}, third{1};
    join_set<int> all{ctx};
    all.spawn("one", after(first, 1));
    all.spawn(after(second, 2));
    all.spawn(failing(third, "three"));
    EXPECT_EQ(all.size(), 3U);
    second.close();
    EXPECT_EQ((co_await all.next()).value(), 2);
    third.close();
    EXPECT_EQ(co_await outcome(all.next()), "three");
    first.close();
    EXPECT_EQ((co_await all.next()).value(), 1);
    EXPECT_FALSE(co_await all.next());
  });
}

TEST_F(tasks_together, in_a_set_end_with_it) {
  bench_.run([](context& ctx) -> task<> {
    const auto held = make_token();
    channel<int> never{1};
    {
      join_set<int> all{ctx};
      for (int i = 0; i < 100; ++i)
        all.spawn(holding(held, never));
      EXPECT_EQ(held.use_count(), 101);
    }
    EXPECT_EQ(held.use_count(), 1);
    co_await settle();
  });
}

// -- abort --------------------------------------------------------------------------------------------

TEST_F(tasks_together, that_are_aborted_are_destroyed_at_once_and_tell_those_who_wait) {
  bench_.run([](context& ctx) -> task<> {
    const auto held = make_token();
    channel<int> gate{1};
    auto work = ctx.spawn("work", holding(held, gate));
    EXPECT_EQ(work.name(), "work");
    auto waiting = ctx.spawn(outcome([](join_handle<int> h) -> task<int> { co_return co_await h; }(work)));
    EXPECT_EQ(held.use_count(), 2);
    work.abort();
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_TRUE(work.finished());
    EXPECT_TRUE(work.failed());
    work.abort(); // again: nothing
    gate.close();
    EXPECT_EQ(co_await waiting, "unavailable: the task was aborted");
  });
}

TEST_F(tasks_together, that_abort_themselves_end_at_their_next_wait) {
  bench_.run([](context& ctx) -> task<> {
    const auto held = make_token();
    channel<int> start{1};
    words log;
    std::optional<join_handle<void>> own;
    own = ctx.spawn([&, held](context& c) -> task<> {
      const auto mine = held;
      co_await start.recv();
      own->abort();
      log.push_back("still here");
      co_await c.yield();
      log.push_back("never");
    });
    start.close();
    co_await settle();
    EXPECT_EQ(log, words{"still here"});
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST_F(tasks_together, that_spawn_each_other_need_no_stack_for_it) {
  static constexpr int depth = 100'000;
  EXPECT_EQ(bench_.run([](context& ctx) -> task<int> {
    int count = 0;
    struct chain {
      static task<> next(context& ctx, int& count) {
        if (++count < depth)
          static_cast<void>(ctx.spawn(next(ctx, count)));
        co_return;
      }
    };
    co_await ctx.spawn(chain::next(ctx, count));
    while (count < depth)
      co_await ctx.yield();
    co_return count;
  }),
            depth);
}

// -- turns --------------------------------------------------------------------------------------------

TEST_F(tasks_together, that_yield_for_ever_leave_room_for_timers_and_others) {
  bench_.run([](context& ctx) -> task<> {
    auto endless = ctx.spawn([](context& c) -> task<> {
      for (;;)
        co_await c.yield();
    });
    co_await ctx.sleep(5ms);
    interval ticks{1ms};
    for (int i = 0; i < 3; ++i)
      co_await ticks.tick();
    endless.abort();
  });
}

TEST_F(tasks_together, that_never_have_to_wait_leave_room_all_the_same) {
  const std::function<task<>(context&)> ready_at_once[] = {
      [](context&) -> task<> {
        channel<int> free{1};
        co_await free.send(1);
        co_await free.recv();
      },
      [](context& ctx) -> task<> { co_await ctx.sleep(0ms); },
      [](context& ctx) -> task<> { co_await ctx.spawn(at_once(1)); },
      [](context& ctx) -> task<> { co_await ctx.spawn(at_once(1)).wait_for(1s); },
      [](context& ctx) -> task<> {
        join_set<int> all{ctx};
        all.spawn(at_once(1));
        co_await all.next();
      },
  };
  for (const auto& each : ready_at_once)
    bench_.run([&](context& ctx) -> task<> {
      bool ended = false;
      auto busy = ctx.spawn([&](context& c) -> task<> {
        while (!ended)
          co_await each(c);
      });
      co_await ctx.sleep(2ms);
      ended = true;
      co_await busy;
    });
}

TEST_F(tasks_together, that_abort_their_own_set_leave_nothing_to_wait_for) {
  bench_.run([](context& ctx) -> task<> {
    join_set<int> all{ctx};
    channel<int> gate{1};
    all.spawn(after(gate, 1));
    all.spawn([](join_set<int>& own) -> task<int> {
      own.abort_all();
      co_return 2;
    }(all));
    EXPECT_EQ(co_await all.next(), std::nullopt);
    all.spawn(at_once(3));
    EXPECT_EQ(co_await all.next(), 3);
    EXPECT_EQ(co_await all.next(), std::nullopt);
  });
}

TEST_F(tasks_together, tick_in_a_rhythm_that_a_missed_tick_does_not_shift) {
  bench_.run([](context& ctx) -> task<> {
    const auto begun = std::chrono::steady_clock::now();
    interval ticks{10ms};
    const auto periods = [&] { return (std::chrono::steady_clock::now() - begun) / 10ms; };
    co_await ticks.tick();
    EXPECT_GE(periods(), 1);
    co_await ctx.sleep(35ms); // two are missed, or more
    const auto before = periods();
    co_await ticks.tick(); // is due, and not made up for
    co_await ticks.tick();
    EXPECT_GT(periods(), before);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 10ms * (before + 1));
  });
}

} // namespace
} // namespace troupe::test
