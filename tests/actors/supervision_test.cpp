// Stateful actors that fail, are bounded, live on other loops, or are watched.
#include "actors/channel.hpp"
#include "actors/combine.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <stdexcept>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct crash {};
struct count {};
struct wait_for {
  channel<int> gate;
};

/// Counts how often it was made, and what it has handled.
struct fragile {
  explicit fragile(std::shared_ptr<std::atomic<int>> m) : made(std::move(m)) { ++*made; }
  int handle(count) { return ++handled; }
  void handle(crash) { throw std::runtime_error{"crash"}; }
  task<int> handle(context&, wait_for what) {
    co_await what.gate.recv();
    co_return ++handled;
  }
  std::shared_ptr<std::atomic<int>> made;
  int handled = 0;
};

constexpr restart_policy quick{.max_restarts = 3, .min_backoff = 1ms, .max_backoff = 2ms};

class supervised_actors : public testing::Test {
protected:
  loop_bench bench_{2};
  std::shared_ptr<std::atomic<int>> made_ = std::make_shared<std::atomic<int>>(0);
};

TEST_F(supervised_actors, are_begun_anew_with_their_arguments_and_keep_their_mailbox) {
  bench_.run([&](context& ctx) -> task<> {
    auto one = ctx.spawn_actor<fragile>({.restart = quick}, made_);
    EXPECT_EQ(*made_, 1);
    EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
    auto failed = ctx.spawn(outcome(ctx.ask(one, crash{})));
    auto waiting = ctx.spawn(ctx.ask(one, count{})); // comes while it is down
    EXPECT_EQ(co_await failed, "internal: a stateful actor failed: crash");
    EXPECT_EQ(co_await waiting, 1); // of a new state
    EXPECT_EQ(*made_, 2);
  });
}

TEST_F(supervised_actors, beyond_help_fail_the_one_that_has_spawned_them) {
  const auto owner = bench_.spawn_runner();
  const auto ref = bench_.run_on(owner, [&](context& ctx) -> task<actor_ref<fragile>> {
    auto one = ctx.spawn_actor<fragile>({.restart = quick}, made_);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(co_await outcome(ctx.ask(one, crash{})), "internal: a stateful actor failed: crash");
      if (i < 3)
        EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
    }
    EXPECT_EQ(co_await outcome(ctx.ask(one, count{})), "unavailable: the actor has ended");
    co_return one;
  });
  EXPECT_EQ(*made_, 4);
  EXPECT_EQ(bench_.lost_by(owner), std::vector<std::string>{"a stateful actor failed: crash"});
}

TEST_F(supervised_actors, of_a_group_are_begun_anew_together) {
  bench_.run([&](context& ctx) -> task<> {
    auto group = ctx.make_supervisor({.strategy = strategy::all_for_one, .restart = quick});
    auto one = group.spawn_actor<fragile>({}, made_);
    auto other = group.spawn_actor<fragile>({}, made_);
    auto apart = ctx.spawn_actor<fragile>({}, made_);
    for (const auto& each : {one, other, apart})
      EXPECT_EQ(co_await ctx.ask(each, count{}), 1);
    co_await outcome(ctx.ask(one, crash{}));
    while (*made_ < 5)
      co_await ctx.sleep(1ms);
    EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
    EXPECT_EQ(co_await ctx.ask(other, count{}), 1);
    EXPECT_EQ(co_await ctx.ask(apart, count{}), 2);
  });
}

TEST_F(supervised_actors, of_a_group_stop_together_as_soon_as_one_fails) {
  bench_.run([&](context& ctx) -> task<> {
    auto group = ctx.make_supervisor(
      {.strategy = strategy::all_for_one, .restart = {.min_backoff = 20ms}});
    auto one = group.spawn_actor<fragile>({}, made_);
    auto other = group.spawn_actor<fragile>({}, made_);
    channel<int> gate{1};
    auto waiting = ctx.spawn(outcome(ctx.ask(other, wait_for{gate})));
    co_await outcome(ctx.ask(one, crash{}));
    EXPECT_EQ(co_await waiting, "internal: a stateful actor failed: it is begun anew");
    EXPECT_EQ(*made_, 2); // not yet
    EXPECT_EQ(co_await ctx.ask(other, count{}), 1);
    EXPECT_EQ(*made_, 4);
  });
}

/// Crashes `whom` until it has ended; gives how often it had to.
task<int> crash_to_the_end(context& ctx, actor_ref<fragile> whom) {
  for (int times = 1; times < 100; ++times) {
    co_await outcome(ctx.ask(whom, crash{}));
    if (co_await outcome(ctx.ask(whom, count{})) == "unavailable: the actor has ended")
      co_return times;
  }
  co_return 100;
}

/// An actor with a group of its own, which it fails with.
struct head_of_group {
  actor_ref<fragile> handle(context& ctx, supervisor_options how) {
    auto made = ctx.make_supervisor(std::move(how));
    return made.spawn_actor<fragile>({.restart = {.max_restarts = 1, .min_backoff = 1ms}}, made_);
  }
  std::shared_ptr<std::atomic<int>> made_;
};

TEST_F(supervised_actors, of_a_group_beyond_help_fail_the_one_that_has_made_the_group) {
  constexpr restart_policy twice{.max_restarts = 2, .min_backoff = 1ms, .max_backoff = 1ms};
  bench_.run([&](context& ctx) -> task<> {
    auto head = ctx.spawn_actor<head_of_group>({.name = "head"}, made_);
    // All together: two restarts, then the end.
    auto member = co_await ctx.ask(head, supervisor_options{"all", strategy::all_for_one, twice});
    EXPECT_EQ(co_await crash_to_the_end(ctx, member), 3);
    // One by one: the actor itself is begun anew once each time that its group is.
    member = co_await ctx.ask(head, supervisor_options{"one", strategy::one_for_one, twice});
    EXPECT_EQ(co_await crash_to_the_end(ctx, member), 6);
  });
}

TEST_F(supervised_actors, of_two_groups_that_fail_at_the_same_time_are_all_begun_anew) {
  bench_.run([&](context& ctx) -> task<> {
    auto above = ctx.make_supervisor();
    std::vector<actor_ref<fragile>> each;
    for (int i = 0; i < 2; ++i)
      each.push_back(above.make_supervisor({.restart = quick})
                       .spawn_actor<fragile>({.restart = {.max_restarts = 0}}, made_));
    std::vector<task<std::string>> failing;
    for (const auto& one : each)
      failing.push_back(outcome(ctx.ask(one, crash{})));
    co_await join_all(std::move(failing));
    for (const auto& one : each)
      EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
    EXPECT_EQ(*made_, 4);
  });
}

TEST_F(supervised_actors, of_a_group_under_another_fail_that_one_as_a_whole) {
  constexpr restart_policy never{.max_restarts = 0};
  const auto owner = bench_.spawn_runner();
  bench_.run_on(owner, [&](context& ctx) -> task<> {
    auto above = ctx.make_supervisor({.name = "above", .restart = quick});
    auto beside = above.spawn_actor<fragile>({}, made_);
    auto under = above.make_supervisor({.name = "under", .restart = never})
                   .spawn_actor<fragile>({.restart = never}, made_);
    for (int i = 1; i <= 3; ++i) { // as often as the upper one allows
      EXPECT_EQ(co_await ctx.ask(beside, count{}), 1);
      co_await outcome(ctx.ask(under, crash{}));
      EXPECT_EQ(co_await ctx.ask(under, count{}), 1);
      EXPECT_EQ(*made_, 2 + 2 * i);
    }
    co_await outcome(ctx.ask(under, crash{}));
    co_await settle();
  });
  EXPECT_EQ(bench_.lost_by(owner), std::vector<std::string>{"a stateful actor failed: crash"});
}

TEST_F(supervised_actors, tell_who_monitors_them_how_they_ended_also_on_another_loop) {
  for (const auto where : {placement::here, placement::spread})
    bench_.run([&](context& ctx) -> task<> {
      for (int i = 0; i < 2; ++i) { // on either loop
        auto one = ctx.spawn_actor<fragile>({.where = where}, made_);
        auto failure = ctx.spawn(ctx.monitor(one));
        co_await outcome(ctx.ask(one, crash{}));
        EXPECT_EQ(co_await failure, "a stateful actor failed: crash");
        EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
        auto end = ctx.spawn(ctx.monitor(one));
        ctx.stop(one);
        EXPECT_EQ(co_await end, "");
        EXPECT_EQ(co_await ctx.monitor(one), "");
        EXPECT_EQ(co_await outcome(ctx.ask(one, count{})), "unavailable: the actor has ended");
      }
    });
}

TEST_F(supervised_actors, that_are_linked_fail_together) {
  bench_.run([&](context& ctx) -> task<> {
    auto one = ctx.spawn_actor<fragile>({.where = placement::spread}, made_);
    auto other = ctx.spawn_actor<fragile>({.where = placement::spread}, made_);
    EXPECT_EQ(co_await ctx.ask(one, count{}) + co_await ctx.ask(other, count{}), 2);
    ctx.link(one, other);
    auto failed = ctx.spawn(ctx.monitor(other));
    co_await settle();
    co_await outcome(ctx.ask(one, crash{}));
    EXPECT_EQ(co_await failed,
              "it is linked to an actor that has failed: a stateful actor failed: crash");
    EXPECT_EQ(co_await ctx.ask(other, count{}), 1); // begun anew
    EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
    // Still linked, the other way, too; the failure does not come back.
    failed = ctx.spawn(ctx.monitor(one));
    co_await settle();
    co_await outcome(ctx.ask(other, crash{}));
    EXPECT_EQ(co_await failed,
              "it is linked to an actor that has failed: a stateful actor failed: crash");
    EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
    EXPECT_EQ(co_await ctx.ask(other, count{}), 1);
    EXPECT_EQ(*made_, 6);
    // An orderly end fails nobody.
    ctx.stop(one);
    EXPECT_EQ(co_await ctx.monitor(one), "");
    EXPECT_EQ(co_await ctx.ask(other, count{}), 2);
  });
}

TEST_F(supervised_actors, that_are_linked_in_a_ring_fail_once_each) {
  bench_.run([&](context& ctx) -> task<> {
    std::vector<actor_ref<fragile>> ring;
    for (int i = 0; i < 3; ++i)
      ring.push_back(ctx.spawn_actor<fragile>(
        {.where = placement::spread, .restart = {.min_backoff = 0ms, .max_backoff = 0ms}}, made_));
    for (std::size_t i = 0; i < 3; ++i) {
      ctx.link(ring[i], ring[(i + 1) % 3]);
      ctx.link(ring[i], ring[(i + 1) % 3]); // again: nothing
      EXPECT_EQ(co_await ctx.ask(ring[i], count{}), 1);
    }
    co_await outcome(ctx.ask(ring[0], crash{}));
    while (*made_ < 6)
      co_await ctx.sleep(1ms);
    for (int round = 0; round < 20; ++round)
      for (const auto& each : ring)
        co_await ctx.ask(each, count{});
    EXPECT_EQ(*made_, 6);
  });
}

struct stops_its_head {
  struct whom {
    context* ctx;
    actor_ref<head_of_group> head;
  };
  void handle(whom what) { of = what; }
  void handle(crash) { throw std::runtime_error{"crash"}; }
  ~stops_its_head() {
    if (of)
      of->ctx->stop(of->head);
  }
  std::optional<whom> of;
};

struct with_a_crew {
  std::vector<actor_ref<stops_its_head>> handle(context& ctx, count) {
    auto made = ctx.make_supervisor({.strategy = strategy::all_for_one, .restart = {.max_restarts = 0}});
    return {made.spawn_actor<stops_its_head>({}), made.spawn_actor<stops_its_head>({})};
  }
};

TEST_F(supervised_actors, may_be_stopped_by_the_destructors_of_those_that_they_supervise) {
  bench_.run([&](context& ctx) -> task<> {
    auto head = ctx.spawn_actor<head_of_group>({}, made_);
    auto chief = ctx.spawn_actor<with_a_crew>();
    const auto crew = co_await ctx.ask(chief, count{});
    for (const auto& each : crew)
      co_await ctx.ask(each, stops_its_head::whom{&ctx, head});
    co_await outcome(ctx.ask(crew[0], crash{}));
    EXPECT_EQ(co_await ctx.monitor(head), "");
  });
}

/// Makes more of what its actor has while it is destroyed.
struct lingering {
  struct spawns_in_destructor {
    context* ctx = nullptr;
    token held;
    ~spawns_in_destructor() {
      if (ctx != nullptr)
        static_cast<void>(ctx->spawn([](context& c, token) -> task<> { co_await c.sleep(1h); }(*ctx, held)));
    }
  };
  void handle(context& ctx, token what) {
    own.ctx = &ctx;
    own.held = what;
    ctx.local<spawns_in_destructor>().ctx = &ctx;
    ctx.local<spawns_in_destructor>().held = what;
  }
  void handle(crash) { throw std::runtime_error{"crash"}; }
  spawns_in_destructor own;
};

TEST_F(supervised_actors, end_with_what_their_destructors_make) {
  bench_.run([](context& ctx) -> task<> {
    const auto held = make_token();
    for (const bool crashes : {true, false}) {
      auto one = ctx.spawn_actor<lingering>({.restart = {.max_restarts = 0}});
      co_await ctx.ask(one, held);
      EXPECT_EQ(held.use_count(), 3);
      if (crashes)
        co_await outcome(ctx.ask(one, crash{}));
      else
        ctx.stop(one);
      co_await ctx.monitor(one);
      co_await settle();
      EXPECT_EQ(held.use_count(), 1);
    }
  });
}

/// Tells itself for ever.
struct restless {
  struct go_on {
    actor_ref<restless> self;
  };
  void handle(context& ctx, go_on what) { ctx.tell(what.self, go_on{what.self}); }
};

TEST_F(supervised_actors, that_always_have_work_leave_room_for_coroutines_and_timers) {
  bench_.run([](context& ctx) -> task<> {
    std::vector<actor_ref<restless>> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(ctx.spawn_actor<restless>());
      ctx.tell(all.back(), restless::go_on{all.back()});
    }
    for (int i = 0; i < 10; ++i) {
      co_await ctx.sleep(1ms);
      co_await ctx.yield();
    }
    for (const auto& each : all)
      ctx.stop(each);
  });
}

TEST_F(supervised_actors, end_with_their_group_and_their_owner_on_every_loop) {
  const auto owner = bench_.spawn_runner();
  const auto refs = bench_.run_on(owner, [&](context& ctx) -> task<std::vector<actor_ref<fragile>>> {
    auto group = ctx.make_supervisor();
    std::vector<actor_ref<fragile>> out;
    for (int i = 0; i < 4; ++i)
      out.push_back(group.spawn_actor<fragile>({.where = placement::spread}, made_));
    for (const auto& each : out)
      co_await ctx.ask(each, count{});
    co_return out;
  });
  EXPECT_EQ(made_.use_count(), 9); // each has one in its state and one to make it from
  bench_.end(owner);
  bench_.run([&](context& ctx) -> task<> {
    for (const auto& each : refs)
      EXPECT_EQ(co_await outcome(ctx.ask(each, count{})), "unavailable: the actor has ended");
  });
  EXPECT_EQ(made_.use_count(), 5);
}

// -- mailboxes ----------------------------------------------------------------------------------------

TEST_F(supervised_actors, with_a_full_mailbox_refuse_what_is_asked_and_told) {
  bench_.run([&](context& ctx) -> task<> {
    channel<int> gate{1};
    auto one = ctx.spawn_actor<fragile>({.name = "small", .mailbox = 2}, made_);
    std::vector<join_handle<int>> accepted;
    accepted.push_back(ctx.spawn(ctx.ask(one, wait_for{gate}))); // is handled
    for (int i = 0; i < 2; ++i)
      accepted.push_back(ctx.spawn(ctx.ask(one, count{})));
    EXPECT_EQ(co_await outcome(ctx.ask(one, count{})), "unavailable: the mailbox of small is full");
    ctx.tell(one, count{}); // dropped
    gate.close();
    EXPECT_EQ(co_await join_all(std::move(accepted)), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(co_await ctx.ask(one, count{}), 4);
  });
}

TEST_F(supervised_actors, may_let_those_wait_who_ask_them) {
  bench_.run([&](context& ctx) -> task<> {
    channel<int> gate{1};
    auto one = ctx.spawn_actor<fragile>({.mailbox = 1, .overflow = when_full::wait}, made_);
    std::vector<join_handle<int>> accepted;
    accepted.push_back(ctx.spawn(ctx.ask(one, wait_for{gate})));
    for (int i = 0; i < 3; ++i)
      accepted.push_back(ctx.spawn(ctx.ask(one, count{})));
    ctx.tell(one, count{}); // dropped all the same: nobody would wait for it
    gate.close();
    EXPECT_EQ(co_await join_all(std::move(accepted)), (std::vector<int>{1, 2, 3, 4}));
    EXPECT_EQ(co_await ctx.ask(one, count{}), 5);
  });
}

TEST_F(supervised_actors, that_are_reentrant_begin_the_next_message_while_one_waits) {
  bench_.run([&](context& ctx) -> task<> {
    channel<int> gate{1};
    auto one = ctx.spawn_actor<fragile>({.reentrant = true}, made_);
    auto waiting = ctx.spawn(ctx.ask(one, wait_for{gate}));
    EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
    gate.close();
    EXPECT_EQ(co_await waiting, 2);
  });
}

TEST_F(supervised_actors, that_are_reentrant_fail_with_all_that_they_were_at) {
  bench_.run([&](context& ctx) -> task<> {
    channel<int> gate{1};
    auto one = ctx.spawn_actor<fragile>({.reentrant = true, .restart = quick}, made_);
    std::vector<join_handle<std::string>> waiting;
    for (int i = 0; i < 3; ++i)
      waiting.push_back(ctx.spawn(outcome(ctx.ask(one, wait_for{gate}))));
    co_await outcome(ctx.ask(one, crash{}));
    for (auto& each : waiting)
      EXPECT_EQ(co_await each, "internal: a stateful actor failed: it is begun anew");
    gate.close();
    EXPECT_EQ(co_await ctx.ask(one, count{}), 1);
  });
}

/// Cannot be made the first two times.
struct reluctant {
  explicit reluctant(std::shared_ptr<std::atomic<int>> tried) {
    if (++*tried < 3)
      throw std::runtime_error{"not yet"};
  }
  int handle(count) { return 1; }
};

TEST_F(supervised_actors, whose_state_cannot_be_made_are_tried_again) {
  bench_.run([&](context& ctx) -> task<> {
    auto one = ctx.spawn_actor<reluctant>({.restart = quick}, made_);
    EXPECT_EQ(co_await ctx.ask(one, count{}), 1); // has waited in the mailbox
    EXPECT_EQ(*made_, 3);
  });
}

// -- one message at a time ----------------------------------------------------------------------------

struct transfer {};

/// Two numbers that are equal between messages, and not within one.
struct balanced {
  task<int> handle(context& ctx, transfer) {
    EXPECT_EQ(left, right);
    ++left;
    co_await ctx.yield();
    ++right;
    EXPECT_EQ(left, right);
    co_return left;
  }
  int left = 0;
  int right = 0;
};

TEST_F(supervised_actors, keep_their_invariants_over_many_messages_that_wait_in_the_middle) {
  static constexpr int askers = 10, each = 10'000;
  const auto ref = bench_.run([](context& ctx) -> task<actor_ref<balanced>> {
    co_return ctx.spawn_actor<balanced>();
  });
  std::vector<std::future<void>> done;
  for (int i = 0; i < askers; ++i) {
    auto ended = std::make_shared<std::promise<void>>();
    done.push_back(ended->get_future());
    const auto asker = bench_.own(detail::spawn_pinned<runner>(
        bench_.loop(static_cast<std::size_t>(i) % 2), test_node()));
    loop_bench::send(asker, [ref, ended](context& ctx) {
      static_cast<void>(ctx.spawn([ref, ended](context& c) -> task<> {
        for (int n = 0; n < each; ++n)
          co_await c.ask(ref, transfer{});
        ended->set_value();
      }));
    });
  }
  for (auto& one : done)
    ASSERT_EQ(one.wait_for(scaled(30s)), std::future_status::ready);
  EXPECT_EQ(bench_.run([ref](context& ctx) { return ctx.ask(ref, transfer{}); }), askers * each + 1);
}

} // namespace
} // namespace troupe::test
