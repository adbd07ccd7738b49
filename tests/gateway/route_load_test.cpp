#include "gateway/detail/route_load.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;

config::http_settings limits(unsigned in_work, unsigned queued) {
  config::http_settings out;
  out.max_in_work = in_work;
  out.max_queued = queued;
  out.queue_target = 100ms;
  return out;
}

const route_load::time_point t0{1h};

TEST(route_load, lets_so_many_begin_and_has_the_others_wait_in_turn) {
  const auto settings = limits(2, 2);
  route_load load{settings};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(load.may_start());
    load.start();
  }
  EXPECT_FALSE(load.may_start());
  EXPECT_TRUE(load.enqueue(1, {}, t0));
  EXPECT_TRUE(load.enqueue(2, {}, t0));
  EXPECT_FALSE(load.enqueue(3, {}, t0)) << "the queue is full";
  EXPECT_FALSE(load.next(t0)) << "no place is free";
  load.end(t0, false);
  EXPECT_FALSE(load.may_start()) << "others were first";
  auto turn = load.next(t0);
  ASSERT_TRUE(turn);
  EXPECT_EQ(turn->next.call, 1U);
  EXPECT_FALSE(turn->too_late);
  load.start();
  EXPECT_FALSE(load.next(t0));
}

TEST(route_load, sheds_who_waits_longer_than_the_target_only_when_the_queue_stands) {
  const auto settings = limits(1, 1000);
  route_load load{settings};
  load.start();
  EXPECT_TRUE(load.enqueue(1, {}, t0));
  load.end(t0 + 500ms, false); // a burst: it has waited 500 ms, but the queue was empty lately
  auto turn = load.next(t0 + 500ms);
  ASSERT_TRUE(turn);
  EXPECT_FALSE(turn->too_late);
  load.start();

  std::uint64_t call = 2;
  for (auto at = 500ms; at < 2000ms; at += 50ms) // it is never empty for longer than an interval
    EXPECT_TRUE(load.enqueue(call++, {}, t0 + at));
  const auto now = t0 + 2000ms;
  load.end(now, false);
  int shed = 0;
  while ((turn = load.next(now)) && turn->too_late)
    ++shed;
  ASSERT_TRUE(turn);
  EXPECT_LE(now - turn->next.since, 100ms);
  EXPECT_EQ(shed, 28);
}

TEST(route_load, sheds_what_is_too_late_though_no_place_is_free) {
  const auto settings = limits(1, 1000);
  route_load load{settings};
  load.start();
  EXPECT_TRUE(load.enqueue(1, {}, t0));
  auto turn = load.next(t0 + 2s);
  ASSERT_TRUE(turn);
  EXPECT_TRUE(turn->too_late);
}

TEST(route_load, lowers_its_limit_when_something_is_overloaded_but_not_at_each_sign_of_it) {
  const auto settings = limits(1000, 1000);
  route_load load{settings};
  for (int i = 0; i < 100; ++i)
    load.start();
  load.end(t0, true);
  EXPECT_EQ(load.limit(), 90U) << "a tenth below what was in work";
  load.end(t0 + 50ms, true);
  EXPECT_EQ(load.limit(), 90U);
  load.end(t0 + 100ms, true);
  EXPECT_EQ(load.limit(), 88U) << "98 were in work";
  for (int i = 0; i < 97; ++i)
    load.end(t0 + 1s * i, true);
  EXPECT_EQ(load.limit(), 64U) << "fewer are no overload";
}

TEST(route_load, leaves_a_small_limit_as_it_is) {
  const auto settings = limits(2, 1000);
  route_load load{settings};
  load.start();
  load.start();
  load.end(t0, true);
  EXPECT_EQ(load.limit(), 2U);
}

TEST(route_load, raises_it_again_only_when_the_places_are_wanted) {
  const auto settings = limits(1000, 1000);
  route_load load{settings};
  for (int i = 0; i < 100; ++i)
    load.start();
  load.end(t0, true);
  ASSERT_EQ(load.limit(), 90U);
  for (int i = 0; i < 1000; ++i) { // 99 in work: all places are taken
    load.end(t0, false);
    load.start();
  }
  EXPECT_GT(load.limit(), 90U);
  const auto reached = load.limit();
  while (load.in_work() > 1)
    load.end(t0, false);
  for (int i = 0; i < 1000; ++i) {
    load.end(t0, false);
    load.start();
  }
  EXPECT_LE(load.limit(), reached + 1) << "one in work needs no higher limit";
}

TEST(route_load, tells_when_to_come_again_by_what_is_ahead_and_how_fast_it_goes) {
  const auto settings = limits(10, 1000);
  route_load load{settings};
  EXPECT_EQ(load.retry_after(), 1U);
  for (int i = 0; i < 10; ++i)
    load.start();
  for (int i = 0; i < 90; ++i)
    load.enqueue(1, {}, t0);
  for (int i = 0; i < 20; ++i) { // 20 answers in a second, then one that closes the second
    load.end(t0 + 10ms * i, false);
    load.start();
  }
  load.end(t0 + 1s, false);
  load.start();
  EXPECT_EQ(load.retry_after(), 5U) << "100 ahead at 20 a second";
  load.end(t0 + 1h, false);
  load.start();
  EXPECT_EQ(load.retry_after(), 60U) << "of the last second nothing is known";
}

} // namespace
} // namespace troupe::gateway
