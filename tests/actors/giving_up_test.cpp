// What is given up ends at once, takes nothing along and holds up nobody.
#include "actors/block_on.hpp"
#include "actors/broadcast.hpp"
#include "actors/channel.hpp"
#include "actors/combine.hpp"
#include "actors/oneshot.hpp"
#include "actors/watch.hpp"
#include "tests/actors/runner.hpp"
#include "tests/support/sanitizer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

class given_up : public testing::Test {
protected:
  loop_bench bench_{2};
};

task<int> immediately(int value) {
  co_return value;
}

// -- values -------------------------------------------------------------------------------------------

TEST_F(given_up, races_leave_the_losers_value_where_it_was) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> a{4}, b{4};
    auto raced = ctx.spawn(race(a.recv(), b.recv()));
    a.try_send(1);
    b.try_send(2); // in the same step
    EXPECT_EQ(std::get<0>(co_await raced), 1);
    EXPECT_EQ(b.try_recv(), 2);
  });
}

TEST_F(given_up, nested_races_leave_it_there_too) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> a{4}, b{4}, c{4};
    auto raced = ctx.spawn(race(race(a.recv(), c.recv()), with_timeout(1h, b.recv())));
    a.try_send(1);
    b.try_send(2);
    const auto won = co_await raced;
    EXPECT_EQ(std::get<0>(std::get<0>(won)), 1);
    EXPECT_EQ(b.try_recv(), 2);
  });
}

TEST_F(given_up, a_receive_with_a_time_limit_leaves_the_value_there) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> items{4};
    auto waiting = ctx.spawn(with_timeout(1h, items.recv()));
    items.try_send(1);
    waiting.abort(); // in the same step
    EXPECT_EQ(items.try_recv(), 1);
    co_return;
  });
}

TEST_F(given_up, a_loser_does_not_run_on_once_somebody_has_won) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> gate{1};
    words log;
    const auto racer = [&](std::string name) -> task<int> {
      co_await gate.recv();
      log.push_back(name);
      co_return 0;
    };
    auto raced = ctx.spawn(race(racer("first"), racer("second")));
    gate.close(); // wakes both
    co_await raced;
    EXPECT_EQ(log, words{"first"});
  });
}

TEST_F(given_up, values_that_come_back_keep_their_order) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> items{4};
    auto a = ctx.spawn(with_timeout(1h, items.recv()));
    auto b = ctx.spawn(with_timeout(1h, items.recv()));
    for (int i : {1, 2, 3})
      items.try_send(i);
    a.abort();
    b.abort();
    for (int i : {1, 2, 3})
      EXPECT_EQ(co_await items.recv(), i);
  });
}

TEST_F(given_up, the_last_value_of_a_closed_channel_goes_to_the_next_who_waits) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> items{4};
    auto a = ctx.spawn(with_timeout(1h, items.recv()));
    auto b = ctx.spawn(with_timeout(1h, items.recv()));
    auto c = ctx.spawn(with_timeout(1h, items.recv()));
    items.try_send(1);
    items.close();
    a.abort();
    EXPECT_EQ(co_await b, 1);
    EXPECT_EQ(co_await c, std::nullopt);
  });
}

TEST_F(given_up, the_end_reaches_who_waits_while_the_last_value_is_being_used) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> items{4}, used{1};
    const auto use = [used](std::optional<int> value) -> task<int> {
      co_await used.recv();
      co_return value.value_or(0);
    };
    auto first = ctx.spawn([&]() -> task<int> { co_return co_await use(co_await items.recv()); });
    auto second = ctx.spawn(with_timeout(1h, items.recv()));
    items.try_send(1);
    items.close();
    EXPECT_EQ(co_await second, std::nullopt);
    used.close();
    EXPECT_EQ(co_await first, 1);
  });
}

TEST_F(given_up, a_set_from_within_ends_the_task_that_did_so_at_its_next_wait) {
  bench_.run([](context& ctx) -> task<> {
    const auto held = make_token();
    join_set<int> all{ctx};
    all.spawn([](join_set<int>& own, context& c, token) -> task<int> {
      own.abort_all(); // in its first stretch
      co_await c.sleep(1h);
      co_return 2;
    }(all, ctx, held));
    EXPECT_EQ(held.use_count(), 1);
    EXPECT_EQ(co_await all.next(), std::nullopt);
  });
}

TEST_F(given_up, sends_let_go_of_their_values_at_once) {
  bench_.run([](context& ctx) -> task<> {
    for (const bool received_from : {false, true}) {
      channel<token> full{1};
      const auto held = make_token();
      full.try_send(held);
      if (received_from) {
        EXPECT_TRUE(full.try_recv());
        full.try_send(held);
      }
      for (int i = 0; i < 1000; ++i) {
        auto waiting = ctx.spawn([](channel<token> to, token what) -> task<> {
          co_await to.send(std::move(what));
        }(full, held));
        waiting.abort();
      }
      EXPECT_EQ(held.use_count(), 2);
      EXPECT_EQ(co_await full.recv(), held);
      EXPECT_FALSE(full.try_recv());
    }
  });
}

TEST_F(given_up, asks_that_were_not_begun_take_no_place_in_the_mailbox) {
  struct wait_here {
    channel<int> gate;
  };
  struct count {};
  struct slow {
    task<void> handle(context&, wait_here what) { co_await what.gate.recv(); }
    int handle(count) { return ++handled; }
    int handled = 0;
  };
  for (const auto where : {placement::here, placement::spread})
    bench_.run([&](context& ctx) -> task<> {
      channel<int> gate{1};
      const auto whom = ctx.spawn_actor<slow>({.mailbox = 4, .overflow = when_full::wait, .where = where});
      auto busy = ctx.spawn(ctx.ask(whom, wait_here{gate}));
      for (int i = 0; i < 200; ++i) {
        auto asked = ctx.spawn(ctx.ask(whom, count{}));
        asked.abort();
      }
      gate.close();
      co_await busy;
      EXPECT_EQ(co_await ctx.ask(whom, count{}), 1); // none of those was handled
    });
}

// -- tasks --------------------------------------------------------------------------------------------

TEST_F(given_up, tasks_are_destroyed_before_what_they_refer_to_however_deep_the_stack) {
  struct said {
    words& log;
    ~said() { log.push_back("child"); }
  };
  struct parent_log {
    words& out;
    words log;
    ~parent_log() { out = log; }
  };
  bench_.run([](context& ctx) -> task<> {
    words seen;
    channel<int> never{1};
    static_cast<void>(ctx.spawn([&](context& c) -> task<> { // its first stretch runs within this one's
      parent_log own{seen, {}};
      join_set<void> all{c};
      all.spawn([](words& log, channel<int> gate) -> task<> {
        const said last{log};
        co_await gate.recv();
      }(own.log, never));
      co_return;
    }));
    EXPECT_EQ(seen, words{"child"});
    co_return;
  });
}

TEST_F(given_up, a_task_that_aborts_itself_stays_aborted_when_it_returns_without_waiting) {
  bench_.run([](context& ctx) -> task<> {
    channel<int> start{1};
    std::optional<join_handle<int>> own;
    own = ctx.spawn([&]() -> task<int> {
      co_await start.recv();
      own->abort();
      co_return 1;
    });
    start.close();
    EXPECT_EQ(co_await outcome(detail::as_task(*own)), "unavailable: the task was aborted");
    EXPECT_TRUE(own->failed());
  });
}

task<int> deep(int below, channel<int> gate) {
  if (below == 0)
    co_await gate.recv();
  else
    co_await deep(below - 1, gate);
  co_return below;
}

TEST_F(given_up, a_chain_of_a_million_tasks_is_destroyed_without_a_stack_for_each) {
  static constexpr int many = built_with == sanitizer::address ? 100'000 : 1'000'000;
  bench_.run([](context& ctx) -> task<> {
    channel<int> gate{1};
    auto chain = ctx.spawn(deep(many, gate));
    chain.abort();
    EXPECT_EQ(co_await outcome(detail::as_task(chain)), "unavailable: the task was aborted");
    EXPECT_TRUE(gate.try_send(1));
    EXPECT_EQ(co_await deep(many, gate), many); // and it ends by itself
  });
}

TEST_F(given_up, a_wait_for_a_tick_costs_no_tick) {
  bench_.run([](context& ctx) -> task<> {
    interval every{5ms};
    channel<int> items{1};
    auto busy = ctx.spawn([items](context& c) -> task<> {
      while (co_await items.send(1))
        co_await c.sleep(1ms);
    });
    int ticks = 0;
    while (ticks < 3)
      ticks += (co_await race(every.tick(), items.recv())).index() == 0 ? 1 : 0;
    items.close();
    co_await busy;
  });
}

TEST_F(given_up, an_interval_that_is_always_late_leaves_room_for_others) {
  bench_.run([](context& ctx) -> task<> {
    bool ended = false;
    auto late = ctx.spawn([&](context&) -> task<> {
      interval every{1ms};
      while (!ended) {
        co_await every.tick();
        const auto until = std::chrono::steady_clock::now() + 2ms;
        while (std::chrono::steady_clock::now() < until) {
        }
      }
    });
    co_await ctx.sleep(10ms);
    ended = true;
    co_await late;
  });
}

TEST_F(given_up, of_two_who_wait_for_a_set_both_hear_of_its_end) {
  bench_.run([](context& ctx) -> task<> {
    join_set<int> all{ctx};
    channel<int> gate{1};
    all.spawn([gate]() -> task<int> {
      co_await gate.recv();
      co_return 1;
    });
    auto one = ctx.spawn(all.next());
    auto other = ctx.spawn(all.next());
    gate.close();
    EXPECT_EQ((co_await one).value_or(0) + (co_await other).value_or(0), 1);
  });
}

TEST_F(given_up, a_second_receiver_of_one_subscription_is_refused) {
  bench_.run([](context& ctx) -> task<> {
    broadcast<int> news{4};
    auto at = news.subscribe();
    auto first = ctx.spawn(with_timeout(1h, at.recv()));
    EXPECT_EQ(co_await outcome(with_timeout(1h, at.recv())),
              "two coroutines receive from one subscription at the same time");
    news.send(5);
    EXPECT_EQ((co_await first)->value, 5);
    news.send(6);
    EXPECT_EQ((co_await at.recv())->value, 6);
  });
}

// -- everything at once that one would write ----------------------------------------------------------

struct plain_number {
  explicit plain_number(int v) : value(v) {}
  int value;
};

TEST_F(given_up, what_one_would_write_compiles_and_works) {
  bench_.run([](context& ctx) -> task<> {
    const channel<int> items{4};
    auto received = ctx.spawn([items](context&) -> task<std::optional<int>> { co_return co_await items.recv(); });
    EXPECT_TRUE(items.try_send(1));
    EXPECT_EQ(co_await received, 1);

    auto work = ctx.spawn([]() -> task<std::string> { co_return "text"; });
    co_await with_timeout(1s, work.wait());
    EXPECT_TRUE(co_await with_timeout(1s, work.wait_for(500us)));
    EXPECT_EQ(co_await with_timeout(1s, work), "text");
    EXPECT_EQ(co_await work, "text"); // still there
    EXPECT_EQ((co_await race(work.wait(), ctx.sleep(1h))).index(), 0U);

    join_set<plain_number> set{ctx};
    set.spawn([]() -> task<plain_number> { co_return plain_number{3}; });
    EXPECT_EQ((co_await set.next())->value, 3);

    std::deque<task<int>> queue;
    queue.push_back(immediately(1));
    queue.push_back(immediately(2));
    EXPECT_EQ(co_await join_all(std::move(queue)), (std::vector<int>{1, 2}));
    std::vector<join_handle<int>> handles{ctx.spawn(immediately(4)), ctx.spawn(immediately(5))};
    EXPECT_EQ(co_await race(handles), 4);
    EXPECT_EQ(co_await join_all(handles), (std::vector<int>{4, 5}));

    interval every{std::chrono::duration<double>{0.001}};
    co_await every.tick();
    interval never{std::chrono::hours::max()};
    EXPECT_EQ(co_await outcome(with_timeout(1ms, never.tick())), "deadline_exceeded: no result within 1 ms");
    co_await ctx.sleep(std::chrono::hours::min());
  });
}

// -- beyond the end of the loops ----------------------------------------------------------------------

TEST(left_over, what_outlives_its_loops_may_be_used_and_closed) {
  const channel<int> items{4};
  const watch<int> setting{1};
  const broadcast<int> news{4};
  std::optional<oneshot<int>> answer{std::in_place};
  std::optional<broadcast<int>::subscription> kept;
  block_on([&](context& ctx) -> task<> {
    const auto seen = setting.subscribe();
    kept.emplace(news.subscribe());
    static_cast<void>(ctx.spawn([&]() -> task<> { co_await answer->receiver.recv(); }));
    static_cast<void>(ctx.spawn([items]() -> task<> { co_await items.recv(); }));
    items.try_send(1); // to that one
    items.try_send(2);
    co_await items.recv();
  });
  EXPECT_TRUE(answer->sender.send(1));
  answer.reset();
  items.try_send(2);
  items.close();
  setting.send(2);
  setting.close();
  EXPECT_EQ(setting.get(), 2);
  EXPECT_TRUE(news.send(1));
  news.close();
  kept.reset();
}

TEST(left_over, work_of_other_threads_ends_before_the_loops_do) {
  for (int i = 0; i < 20; ++i) {
    std::atomic<int> ended{0};
    block_on([&](context& ctx) -> task<> {
      for (int n = 0; n < 4; ++n) {
        static_cast<void>(ctx.spawn(ctx.compute([&] { ++ended; })));
        static_cast<void>(ctx.spawn(ctx.blocking([&] { ++ended; })));
      }
      co_return;
    });
    const int seen = ended;
    EXPECT_LE(seen, 8); // what had not begun is dropped, what had has ended
  }
}

} // namespace
} // namespace troupe::test
