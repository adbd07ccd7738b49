// Tasks that run on their own: spawn, join_handle, join_all, sleep.
#include "actors/join_handle.hpp"

#include "actors/channel.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

class a_join_handle : public testing::Test {
protected:
  loop_bench bench_;
};

using a_spawned_task = a_join_handle;
using a_sleep = a_join_handle;

task<int> number_later(int value) {
  co_await settle();
  co_return value;
}

task<int> fail_later(std::string text) {
  co_await settle();
  throw error{errc::conflict, text};
}

task<int> watch(join_handle<int> handle, std::string name, words& log) {
  const auto value = co_await handle;
  log.push_back(name);
  co_return value;
}

TEST_F(a_join_handle, gives_the_result_to_all_who_wait_in_their_order) {
  bench_.run([](context& ctx) -> task<> {
    words log;
    auto work = ctx.spawn(number_later(5));
    EXPECT_FALSE(work.finished());
    std::vector<join_handle<int>> watchers;
    for (const auto* name : {"a", "b", "c"})
      watchers.push_back(ctx.spawn(watch(work, name, log)));
    EXPECT_EQ(co_await join_all(std::move(watchers)), (std::vector<int>{5, 5, 5}));
    EXPECT_EQ(log, (words{"a", "b", "c"}));
    EXPECT_TRUE(work.finished());
    EXPECT_FALSE(work.failed());
    EXPECT_EQ(co_await work, 5); // once more, at once
  });
}

TEST_F(a_join_handle, throws_the_exception_of_its_task) {
  bench_.run([](context& ctx) -> task<> {
    auto work = ctx.spawn(fail_later("no"));
    co_await work.wait(); // throws nothing
    EXPECT_TRUE(work.failed());
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(
          co_await outcome([](join_handle<int> h) -> task<int> { co_return co_await h; }(work)),
          "conflict: no");
    auto at_once = ctx.spawn([](context&) -> task<> {
      throw std::runtime_error{"at once"};
      co_return;
    });
    EXPECT_TRUE(at_once.failed());
  });
}

TEST_F(a_join_handle, waits_at_most_as_long_as_it_is_told) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> never{1};
    auto stuck = ctx.spawn([never](context&) mutable -> task<> { co_await never.recv(); });
    EXPECT_FALSE(co_await stuck.wait_for(1ms));
    EXPECT_FALSE(co_await stuck.wait_for(0ms));
    EXPECT_FALSE(co_await stuck.wait_for(-1ms));
    EXPECT_FALSE(stuck.finished());
    auto limited =
        ctx.spawn([stuck](context&) -> task<bool> { co_return co_await stuck.wait_for(1h); });
    co_await settle();
    EXPECT_FALSE(limited.finished());
    never.close();
    EXPECT_TRUE(co_await limited);
    EXPECT_TRUE(co_await stuck.wait_for(0ms));
  });
}

TEST_F(a_join_handle, takes_the_longest_time_there_is_for_a_limit) {
  bench_.run([](context& ctx) -> task<> {
    auto work = ctx.spawn([](context& c) -> task<> { co_await c.sleep(1ms); });
    EXPECT_TRUE(co_await work.wait_for(std::chrono::milliseconds::max()));
  });
}

TEST_F(a_join_handle, dropped_lets_its_task_run_on) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> done{1};
    static_cast<void>(ctx.spawn([done](context&) mutable -> task<> {
      co_await settle();
      co_await done.send(1);
    }));
    EXPECT_EQ(co_await done.recv(), 1);
  });
}

TEST_F(a_join_handle, forgets_a_waiter_that_is_destroyed) {
  bench_.run([](context& ctx) -> task<> {
    words log;
    end_flag ends;
    auto work = ctx.spawn(number_later(1));
    auto gone = watch(work, "gone", log);
    gone.start(ends);
    gone.reset();
    co_await work;
    co_await settle();
    EXPECT_EQ(log, words{});
    EXPECT_FALSE(ends.ended);
  });
}

TEST_F(a_join_handle, of_many_gives_the_results_in_order_or_the_first_failure_at_the_end) {
  bench_.run([](context& ctx) -> task<> {
    EXPECT_EQ(co_await join_all(std::vector<join_handle<int>>{}), std::vector<int>{});
    std::vector<join_handle<int>> handles;
    for (int i : {3, 1, 2})
      handles.push_back(ctx.spawn(number_later(i)));
    EXPECT_EQ(co_await join_all(std::move(handles)), (std::vector<int>{3, 1, 2}));

    channel<int> gate{1};
    auto slow = ctx.spawn(
        [gate](context&) mutable -> task<int> { co_return (co_await gate.recv()).value_or(0); });
    std::vector<join_handle<int>> mixed;
    mixed.push_back(slow);
    mixed.push_back(ctx.spawn(fail_later("second")));
    mixed.push_back(ctx.spawn(fail_later("third")));
    auto all = ctx.spawn(outcome(join_all(std::move(mixed))));
    co_await settle();
    co_await settle();
    EXPECT_FALSE(all.finished()); // the failures are known, the slow one has not ended
    gate.try_send(1);
    EXPECT_EQ(co_await all, "conflict: second");
  });
}

TEST_F(a_spawned_task, ends_with_its_actor_and_is_never_resumed) {
  const auto held = make_token();
  const auto who = bench_.spawn_runner();
  auto resumed = std::make_shared<std::atomic<int>>(0);
  bench_.run_on(who, [held, resumed](context& ctx) -> task<> {
    channel<int> never{1};
    auto sleeper = ctx.spawn([held, resumed](context& c) -> task<> {
      co_await c.sleep(1h);
      ++*resumed;
    });
    static_cast<void>(ctx.spawn([held, never, resumed](context&) mutable -> task<> {
      co_await never.recv();
      ++*resumed;
    }));
    static_cast<void>(ctx.spawn([held, sleeper, resumed](context&) -> task<> {
      co_await sleeper.wait(); // woken when the sleeper is cancelled
      ++*resumed;
    }));
    co_return;
  });
  EXPECT_GT(held.use_count(), 3);
  bench_.end(who);
  EXPECT_EQ(held.use_count(), 1);
  bench_.run([](context&) { return settle(); });
  EXPECT_EQ(*resumed, 0);
}

TEST_F(a_sleep, that_has_no_time_only_lets_others_go_first) {
  bench_.run([](context& ctx) -> task<> {
    const auto sleep = [&](std::chrono::nanoseconds time) {
      return ctx.spawn([time](context& c) -> task<> { co_await c.sleep(time); });
    };
    const join_handle<void> short_ones[] = {sleep(0ns), sleep(-1h)};
    const join_handle<void> long_ones[] = {sleep(1h), sleep(std::chrono::nanoseconds::max())};
    for (const auto& each : short_ones)
      EXPECT_FALSE(each.finished());
    co_await ctx.yield();
    for (const auto& each : short_ones)
      EXPECT_TRUE(each.finished());
    for (const auto& each : long_ones)
      EXPECT_FALSE(each.finished());
  });
}

TEST_F(a_sleep, ends_not_before_its_time_and_in_order_of_time) {
  bench_.run([](context& ctx) -> task<> {
    words log;
    const auto begin = std::chrono::steady_clock::now();
    const auto sleep = [&](std::chrono::milliseconds after, std::string name) {
      return ctx.spawn([=, &log](context& c) -> task<> {
        co_await c.sleep_until(begin + after);
        EXPECT_GE(std::chrono::steady_clock::now(), begin + after);
        log.push_back(name);
      });
    };
    std::vector<join_handle<void>> all;
    all.push_back(sleep(9ms, "last"));
    all.push_back(sleep(3ms, "first"));
    all.push_back(sleep(6ms, "second"));
    co_await join_all(std::move(all));
    EXPECT_EQ(log, (words{"first", "second", "last"}));
  });
}

} // namespace
} // namespace troupe::test
