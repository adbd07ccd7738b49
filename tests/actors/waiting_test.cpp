// Coroutines that wait for each other: channels, join handles, sleep.
#include "actors/channel.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

class waiting : public testing::Test {
protected:
  loop_bench bench_;
};

using a_channel = waiting;
using a_join_handle = waiting;
using a_sleep = waiting;

TEST(channel_capacity, is_at_least_one) {
  EXPECT_THROW(channel<int>{0}, std::invalid_argument);
  EXPECT_EQ(channel<int>{3}.capacity(), 3u);
}

TEST(channel_capacity, bounds_what_goes_in_without_waiting) {
  channel<int> numbers{2};
  auto same = numbers; // a handle
  EXPECT_TRUE(numbers.try_send(1));
  EXPECT_TRUE(same.try_send(2));
  EXPECT_FALSE(numbers.try_send(3));
  EXPECT_EQ(same.size(), 2u);
  numbers.close();
  EXPECT_TRUE(same.closed());
  EXPECT_FALSE(channel<int>{1}.closed());
}

task<> produce(channel<int> into, int from, int count, words& log) {
  for (int i = from; i < from + count; ++i)
    log.push_back((co_await into.send(i) ? "sent " : "refused ") + std::to_string(i));
}

task<> consume(channel<int> from, std::string name, words& log) {
  while (auto value = co_await from.recv())
    log.push_back(name + " got " + std::to_string(*value));
  log.push_back(name + " ended");
}

TEST_F(a_channel, makes_its_sender_wait_while_it_is_full) {
  const auto log = bench_.run([](context& ctx) -> task<words> {
    channel<int> numbers{2};
    words out;
    auto producer = ctx.spawn(produce(numbers, 1, 4, out));
    co_await yield();
    EXPECT_EQ(out, (words{"sent 1", "sent 2"}));
    EXPECT_EQ(numbers.size(), 2u);
    for (int i = 1; i <= 4; ++i)
      EXPECT_EQ(co_await numbers.recv(), i);
    co_await producer;
    co_return out;
  });
  EXPECT_EQ(log, (words{"sent 1", "sent 2", "sent 3", "sent 4"}));
}

TEST_F(a_channel, makes_its_receiver_wait_while_it_is_empty) {
  const auto log = bench_.run([](context& ctx) -> task<words> {
    channel<int> numbers{1};
    words out;
    auto consumer = ctx.spawn(consume(numbers, "c", out));
    co_await yield();
    EXPECT_EQ(out, words{});
    EXPECT_TRUE(co_await numbers.send(1));
    EXPECT_TRUE(co_await numbers.send(2));
    numbers.close();
    co_await consumer;
    co_return out;
  });
  EXPECT_EQ(log, (words{"c got 1", "c got 2", "c ended"}));
}

TEST_F(a_channel, serves_senders_and_receivers_in_the_order_in_which_they_came) {
  const auto log = bench_.run([](context& ctx) -> task<words> {
    channel<int> numbers{1};
    words out;
    words sent;
    std::vector<join_handle<void>> producers;
    for (int from : {10, 20, 30})
      producers.push_back(ctx.spawn(produce(numbers, from, 2, sent)));
    for (int i = 0; i < 6; ++i) {
      out.push_back(std::to_string((co_await numbers.recv()).value_or(-1)));
      co_await yield();
    }
    co_await join_all(std::move(producers));
    std::vector<join_handle<void>> consumers;
    for (const auto* name : {"a", "b"})
      consumers.push_back(ctx.spawn(consume(numbers, name, out)));
    for (int i : {1, 2, 3}) {
      EXPECT_TRUE(numbers.try_send(i));
      co_await yield();
    }
    numbers.close();
    co_await join_all(std::move(consumers));
    co_return out;
  });
  EXPECT_EQ(log, (words{"10", "11", "20", "30", "21", "31", "a got 1", "b got 2", "a got 3",
                        "b ended", "a ended"}));
}

TEST_F(a_channel, closed_refuses_values_and_gives_out_those_within) {
  const auto log = bench_.run([](context& ctx) -> task<words> {
    channel<int> numbers{1};
    words out;
    auto producer = ctx.spawn(produce(numbers, 1, 3, out)); // 1 is in, 2 waits
    numbers.close();
    EXPECT_FALSE(numbers.try_send(9));
    co_await producer;
    auto consumer = ctx.spawn(consume(numbers, "c", out));
    co_await consumer;
    numbers.close(); // again: nothing
    EXPECT_FALSE(co_await numbers.send(9));
    co_return out;
  });
  EXPECT_EQ(log, (words{"sent 1", "refused 2", "refused 3", "c got 1", "c ended"}));
}

TEST_F(a_channel, takes_values_that_can_only_be_moved) {
  EXPECT_EQ(bench_.run([](context& ctx) -> task<int> {
              channel<std::unique_ptr<int>> boxes{1};
              auto producer = ctx.spawn([boxes](context&) mutable -> task<> {
                for (int i = 1; i <= 3; ++i)
                  co_await boxes.send(std::make_unique<int>(i));
                boxes.close();
              });
              int sum = 0;
              while (auto box = co_await boxes.recv())
                sum += **box;
              co_return sum;
            }),
            6);
}

TEST_F(a_channel, forgets_a_waiter_that_is_destroyed) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> numbers{1};
    words log;
    end_flag ends;
    {
      auto gone = consume(numbers, "gone", log);
      gone.start(ends);
    }
    EXPECT_TRUE(numbers.try_send(1)); // kept: nobody waits
    EXPECT_EQ(numbers.size(), 1u);
    {
      auto gone = produce(numbers, 7, 1, log);
      gone.start(ends);
    }
    EXPECT_EQ(co_await numbers.recv(), 1);
    EXPECT_EQ(numbers.size(), 0u);
    auto woken = consume(numbers, "woken", log);
    woken.start(ends);
    numbers.close(); // it is about to be resumed
    woken.reset();
    co_await yield();
    EXPECT_EQ(log, words{});
    EXPECT_FALSE(ends.ended);
  });
}

TEST_F(a_channel, keeps_order_and_bound_over_many_values) {
  constexpr int count = 10'000;
  bench_.run([](context& ctx) -> task<> {
    channel<int> numbers{32};
    auto producer = ctx.spawn([numbers](context&) mutable -> task<> {
      for (int i = 0; i < count; ++i) {
        co_await numbers.send(i);
        EXPECT_LE(numbers.size(), 32u);
      }
      numbers.close();
    });
    int expected = 0;
    while (auto value = co_await numbers.recv())
      EXPECT_EQ(*value, expected++);
    EXPECT_EQ(expected, count);
    co_await producer;
  });
}

task<int> number_later(int value) {
  co_await yield();
  co_return value;
}

task<int> fail_later(std::string text) {
  co_await yield();
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
      EXPECT_EQ(co_await outcome([](join_handle<int> h) -> task<int> { co_return co_await h; }(work)),
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
    auto limited = ctx.spawn([stuck](context&) -> task<bool> { co_return co_await stuck.wait_for(1h); });
    co_await yield();
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
      co_await yield();
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
    co_await yield();
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
    auto slow = ctx.spawn([gate](context&) mutable -> task<int> {
      co_return (co_await gate.recv()).value_or(0);
    });
    std::vector<join_handle<int>> mixed;
    mixed.push_back(slow);
    mixed.push_back(ctx.spawn(fail_later("second")));
    mixed.push_back(ctx.spawn(fail_later("third")));
    auto all = ctx.spawn(outcome(join_all(std::move(mixed))));
    co_await yield();
    co_await yield();
    EXPECT_FALSE(all.finished()); // the failures are known, the slow one has not ended
    gate.try_send(1);
    EXPECT_EQ(co_await all, "conflict: second");
  });
}

TEST_F(waiting, tasks_end_with_their_actor_and_are_never_resumed) {
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
  bench_.run([](context&) { return yield(); });
  EXPECT_EQ(*resumed, 0);
}

TEST_F(a_sleep, that_has_no_time_does_not_wait) {
  bench_.run([](context& ctx) -> task<> {
    const auto sleep = [&](std::chrono::nanoseconds time) {
      return ctx.spawn([time](context& c) -> task<> { co_await c.sleep(time); });
    };
    EXPECT_TRUE(sleep(0ns).finished());
    EXPECT_TRUE(sleep(-1h).finished());
    EXPECT_FALSE(sleep(1h).finished());
    EXPECT_FALSE(sleep(std::chrono::nanoseconds::max()).finished());
    co_return;
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
