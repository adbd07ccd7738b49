// Values between event loops: channel, oneshot, broadcast, watch; work on other threads.
#include "actors/broadcast.hpp"
#include "actors/channel.hpp"
#include "actors/combine.hpp"
#include "actors/oneshot.hpp"
#include "actors/watch.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <stdexcept>
#include <thread>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

class between_loops : public testing::Test {
protected:
  static constexpr unsigned loops = 3;

  /// Runs `work(context&)` on the loop; the future is ready when it has ended.
  template <class F>
  std::future<void> start_on(unsigned loop, F work) {
    auto done = std::make_shared<std::promise<void>>();
    auto ended = done->get_future();
    const auto where =
        bench_.own(detail::spawn_pinned<runner>(bench_.loop(loop), test_node()));
    loop_bench::send(where, [work, done](context& ctx) {
      static_cast<void>(ctx.spawn([work, done](context& c) mutable -> task<> {
        co_await work(c);
        done->set_value();
      }));
    });
    return ended;
  }

  static void await_all(std::vector<std::future<void>>& all) {
    for (auto& each : all)
      ASSERT_EQ(each.wait_for(scaled(30s)), std::future_status::ready);
  }

  loop_bench bench_{loops};
};

using an_item = std::pair<unsigned, int>; // sender, number

task<> send_many(channel<an_item> into, unsigned sender, int count) {
  for (int i = 0; i < count; ++i)
    if (!co_await into.send({sender, i}))
      throw std::logic_error{"closed"};
}

TEST_F(between_loops, a_channel_loses_and_doubles_nothing_and_keeps_each_senders_order) {
  static constexpr int count = 20'000;
  for (const std::size_t capacity : {1U, 7U, 1000U}) {
    channel<an_item> items{capacity};
    std::vector<std::future<void>> senders;
    for (unsigned i = 0; i < 2 * loops; ++i)
      senders.push_back(start_on(i % loops, [=](context&) { return send_many(items, i, count); }));
    bench_.run([items](context&) mutable -> task<> {
      std::map<unsigned, int> next;
      for (unsigned i = 0; i < 2 * loops * count; ++i) {
        const auto item = co_await items.recv();
        EXPECT_EQ(item->second, next[item->first]++);
      }
      EXPECT_FALSE(items.try_recv());
    });
    await_all(senders);
  }
}

TEST_F(between_loops, a_closed_channel_wakes_all_who_wait) {
  channel<int> full{1};
  channel<int> empty{1};
  EXPECT_TRUE(full.try_send(0));
  std::vector<std::future<void>> waiting;
  std::atomic<int> refused{0};
  for (unsigned i = 0; i < loops; ++i)
    waiting.push_back(start_on(i, [&, full](context&) mutable -> task<> {
      refused += co_await full.send(1) ? 0 : 1;
    }));
  waiting.push_back(start_on(1, [empty](context&) mutable -> task<> {
    EXPECT_FALSE(co_await empty.recv());
  }));
  full.close();
  empty.close();
  await_all(waiting);
  EXPECT_EQ(refused, static_cast<int>(loops));
  bench_.run([full](context&) mutable -> task<> {
    EXPECT_EQ(co_await full.recv(), 0); // what was in it
    EXPECT_FALSE(co_await full.recv());
  });
}

TEST_F(between_loops, senders_and_receivers_that_give_up_lose_nothing_that_was_sent) {
  static constexpr int count = 2'000;
  channel<int> items{2};
  std::atomic<int> accepted{0};
  auto sender = start_on(1, [&, items](context&) mutable -> task<> {
    for (int i = 0; i < count; ++i) {
      try {
        accepted += co_await with_timeout(20us, [](channel<int> into) -> task<int> {
          co_return co_await into.send(1) ? 1 : 0;
        }(items));
      } catch (const error&) { // given up: it must not arrive
      }
    }
    items.close();
  });
  const auto received = bench_.run([items](context& ctx) mutable -> task<int> {
    int sum = 0;
    for (;;) {
      try {
        const auto one = co_await with_timeout(10us, [](channel<int> from) -> task<std::optional<int>> {
          co_return co_await from.recv();
        }(items));
        if (!one)
          co_return sum;
        sum += *one;
        continue;
      } catch (const error&) { // nothing came in time
      }
      co_await ctx.yield();
    }
  });
  std::vector<std::future<void>> all;
  all.push_back(std::move(sender));
  await_all(all);
  // An answer that came too late for the sender may have arrived all the same; none that it has seen
  // is missing.
  EXPECT_GE(received, accepted);
}

TEST_F(between_loops, a_channel_is_received_from_on_one_of_them) {
  channel<int> items{4};
  EXPECT_TRUE(items.try_send(1)); // on a thread that is none
  bench_.run([items](context&) mutable -> task<> { EXPECT_EQ(co_await items.recv(), 1); });
  std::vector<std::future<void>> other;
  other.push_back(start_on(2, [items](context&) mutable -> task<> {
    EXPECT_EQ(co_await outcome([](channel<int> from) -> task<int> {
                co_return (co_await from.recv()).value_or(0);
              }(items)),
              "a channel is received from on one event loop only");
  }));
  await_all(other);
}

TEST_F(between_loops, a_oneshot_brings_one_value_or_tells_that_there_is_none) {
  for (const bool used : {true, false}) {
    oneshot<std::unique_ptr<int>> once;
    auto shared = std::make_shared<oneshot<std::unique_ptr<int>>::sender_end>(std::move(once.sender));
    auto receiver = std::make_shared<oneshot<std::unique_ptr<int>>::receiver_end>(std::move(once.receiver));
    std::vector<std::future<void>> both;
    both.push_back(start_on(1, [used, shared = std::move(shared)](context&) mutable -> task<> {
      if (used)
        EXPECT_TRUE(shared->send(std::make_unique<int>(5)));
      shared.reset();
      co_return;
    }));
    both.push_back(start_on(2, [used, receiver](context&) -> task<> {
      const auto value = co_await receiver->recv();
      EXPECT_EQ(value.has_value(), used);
      if (value)
        EXPECT_EQ(**value, 5);
    }));
    await_all(both);
  }
}

TEST_F(between_loops, a_broadcast_reaches_every_subscription_in_order) {
  static constexpr int count = 1'000;
  broadcast<int> news{count};
  channel<int> subscribed{loops};
  std::vector<std::future<void>> all;
  for (unsigned i = 0; i < loops; ++i)
    all.push_back(start_on(i, [news, subscribed](context&) mutable -> task<> {
      auto mine = news.subscribe();
      subscribed.try_send(1);
      for (int n = 0; n < count; ++n) {
        const auto item = co_await mine.recv();
        EXPECT_EQ(item->value, n);
        EXPECT_EQ(item->missed, 0U);
      }
      EXPECT_FALSE(co_await mine.recv()); // closed
    }));
  bench_.run([=](context&) mutable -> task<> {
    for (unsigned i = 0; i < loops; ++i)
      co_await subscribed.recv();
    for (int n = 0; n < count; ++n)
      EXPECT_TRUE(news.send(n));
    news.close();
    EXPECT_FALSE(news.send(0));
  });
  await_all(all);
}

TEST_F(between_loops, a_broadcast_tells_a_slow_subscription_how_much_it_has_missed) {
  bench_.run([](context&) -> task<> {
    broadcast<int> news{2};
    auto slow = news.subscribe();
    for (int n = 0; n < 5; ++n)
      news.send(n);
    const auto first = co_await slow.recv();
    EXPECT_EQ(first->value, 3);
    EXPECT_EQ(first->missed, 3U);
    const auto second = co_await slow.recv();
    EXPECT_EQ(second->value, 4);
    EXPECT_EQ(second->missed, 0U);
  });
}

TEST_F(between_loops, a_watch_shows_the_newest_value_and_wakes_who_waits_for_a_change) {
  watch<int> level{1};
  channel<int> subscribed{loops};
  std::vector<std::future<void>> all;
  for (unsigned i = 0; i < loops; ++i)
    all.push_back(start_on(i, [level, subscribed](context&) mutable -> task<> {
      auto mine = level.subscribe();
      EXPECT_EQ(mine.get(), 1);
      subscribed.try_send(1);
      while (mine.get() < 100)
        EXPECT_TRUE(co_await mine.changed());
      EXPECT_FALSE(co_await mine.changed()); // closed
    }));
  bench_.run([=](context&) mutable -> task<> {
    for (unsigned i = 0; i < loops; ++i)
      co_await subscribed.recv();
    for (int n = 2; n <= 100; ++n)
      level.send(n);
    EXPECT_EQ(level.get(), 100);
    EXPECT_EQ(level.subscribe().get(), 100);
    level.close();
  });
  await_all(all);
}

TEST_F(between_loops, a_sender_finds_the_room_that_a_receiver_has_not_given_back_yet) {
  // The receiver gives room back together with more, and waits for something else here.
  channel<int> items{16};
  channel<int> sent{1};
  std::vector<std::future<void>> both;
  both.push_back(start_on(0, [=](context&) -> task<> {
    EXPECT_EQ(co_await items.recv(), 0);
    EXPECT_TRUE(co_await sent.recv());
  }));
  both.push_back(start_on(1, [=](context&) -> task<> {
    for (int i = 0; i < 17; ++i)
      EXPECT_TRUE(co_await items.send(i));
    EXPECT_TRUE(co_await sent.send(1));
  }));
  await_all(both);
}

TEST_F(between_loops, a_channel_survives_senders_and_receivers_that_give_up) {
  channel<int> items{8};
  std::atomic<int> acknowledged{0}, received{0};
  std::vector<std::future<void>> senders;
  for (unsigned loop : {1U, 2U})
    senders.push_back(start_on(loop, [&, items](context& ctx) -> task<> {
      for (int i = 0; i < 3000; ++i) {
        auto one = ctx.spawn([&, items]() -> task<> { acknowledged += co_await items.send(1) ? 1 : 0; });
        if (i % 3 == 0)
          one.abort();
        else
          co_await one;
      }
    }));
  auto receiver = start_on(0, [&, items](context& ctx) -> task<> {
    for (int i = 0;; ++i) {
      auto one = ctx.spawn([&, items]() -> task<bool> {
        const auto value = co_await items.recv();
        received += value.value_or(0);
        co_return value.has_value();
      });
      if (i % 3 == 0)
        one.abort();
      else if (!co_await one)
        co_return;
    }
  });
  await_all(senders);
  items.close();
  std::vector<std::future<void>> last;
  last.push_back(std::move(receiver));
  await_all(last);
  // A sender that was aborted may have sent its value all the same, as it was about to go on.
  EXPECT_GE(received, acknowledged);
  EXPECT_LE(received, 6000);
  EXPECT_GE(acknowledged, 4000);
}

// -- other threads ------------------------------------------------------------------------------------

TEST_F(between_loops, work_of_other_threads_brings_back_its_result_or_exception) {
  bench_.run([](context& ctx) -> task<> {
    const auto here = std::this_thread::get_id();
    EXPECT_NE(co_await ctx.blocking([] { return std::this_thread::get_id(); }), here);
    EXPECT_NE(co_await ctx.compute([] { return std::this_thread::get_id(); }), here);
    const auto fail = [] { throw error{errc::conflict, "its own"}; };
    EXPECT_EQ(co_await outcome(ctx.blocking(fail)), "conflict: its own");
    EXPECT_EQ(co_await outcome(ctx.compute(fail)), "conflict: its own");
    auto box = co_await ctx.blocking([p = std::make_unique<int>(3)]() mutable { return std::move(p); });
    EXPECT_EQ(*box, 3);
    EXPECT_EQ(std::this_thread::get_id(), here);
  });
}

TEST_F(between_loops, blocking_calls_beyond_threads_and_queue_are_refused) {
  std::promise<void> open;
  const std::shared_future<void> opened = open.get_future().share();
  std::atomic<int> running{0};
  bench_.run([&, opened](context& ctx) -> task<> {
    const auto call = [&running, opened] {
      ++running;
      opened.wait();
    };
    std::vector<join_handle<void>> taken; // two threads and eight places, see test_node
    for (int i = 0; i < 2; ++i)
      taken.push_back(ctx.spawn(ctx.blocking(call)));
    while (running < 2) // those that run count, too
      co_await ctx.yield();
    for (int i = 0; i < 8; ++i)
      taken.push_back(ctx.spawn(ctx.blocking(call)));
    EXPECT_EQ(co_await outcome(ctx.blocking([] {})),
              "unavailable: all threads for blocking calls are busy, and their queue is full");
    taken.back().abort(); // nobody waits for it any more: it runs all the same
    taken.pop_back();
    open.set_value();
    co_await join_all(std::move(taken));
  });
  EXPECT_GE(running, 9);
}

TEST_F(between_loops, the_place_of_a_blocking_call_is_free_when_its_caller_goes_on) {
  bench_.run([](context& ctx) -> task<> {
    for (int round = 0; round < 200; ++round) {
      std::vector<task<void>> all;
      for (int i = 0; i < 10; ++i)
        all.push_back(ctx.blocking([] {}));
      EXPECT_EQ(co_await outcome(join_all(std::move(all))), "no error");
    }
  });
}

} // namespace
} // namespace troupe::test
