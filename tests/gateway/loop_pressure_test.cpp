#include "gateway/detail/loop_pressure.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;

/// Measures for `span`, each time with this lag; gives the time of the end.
loop_pressure::time_point measure(loop_pressure& on, loop_pressure::time_point from,
                                  std::chrono::milliseconds lag, std::chrono::milliseconds span) {
  auto now = from;
  while (now < from + span) {
    if (on.begin_measure(now)) {
      now += lag;
      on.end_measure(now);
    }
    now += 10ms;
  }
  return now;
}

int shed_of_1000(loop_pressure& on) {
  int out = 0;
  for (int i = 0; i < 1000; ++i)
    out += on.sheds() ? 1 : 0;
  return out;
}

const loop_pressure::time_point t0{1h};

TEST(loop_pressure, sheds_nothing_below_the_target) {
  loop_pressure pressure{100ms};
  measure(pressure, t0, 99ms, 10s);
  EXPECT_EQ(shed_of_1000(pressure), 0);
  EXPECT_EQ(pressure.lag(), 99ms);
}

TEST(loop_pressure, lets_a_peak_pass) {
  loop_pressure pressure{100ms};
  auto now = measure(pressure, t0, 1ms, 1s);
  measure(pressure, now, 150ms, 400ms);
  EXPECT_EQ(shed_of_1000(pressure), 0);
}

TEST(loop_pressure, sheds_nothing_because_its_process_was_stopped_for_once) {
  loop_pressure pressure{100ms};
  auto now = measure(pressure, t0, 5s, 1s); // the first one of all
  EXPECT_EQ(shed_of_1000(pressure), 0);
  now = measure(pressure, now, 1ms, 1s);
  now = measure(pressure, now, 5s, 1s);
  EXPECT_EQ(shed_of_1000(pressure), 0);
}

TEST(loop_pressure, takes_peaks_with_silence_between_them_for_peaks) {
  loop_pressure pressure{100ms};
  auto now = t0;
  for (int i = 0; i < 10; ++i)
    now = measure(pressure, now, 300ms, 200ms) + 10s;
  EXPECT_EQ(shed_of_1000(pressure), 0);
}

TEST(loop_pressure, sheds_the_more_the_longer_it_lasts_and_never_all) {
  loop_pressure pressure{100ms};
  auto now = measure(pressure, t0, 1ms, 1s);
  now = measure(pressure, now, 200ms, 1500ms);
  const auto some = shed_of_1000(pressure);
  EXPECT_GT(some, 0);
  now = measure(pressure, now, 200ms, 2s);
  const auto more = shed_of_1000(pressure);
  EXPECT_GT(more, some);
  measure(pressure, now, 1s, 60s);
  EXPECT_LE(shed_of_1000(pressure), 951);
  EXPECT_GE(shed_of_1000(pressure), 900);
}

TEST(loop_pressure, ends_shedding_when_it_is_over) {
  loop_pressure pressure{100ms};
  auto now = measure(pressure, t0, 1ms, 1s);
  now = measure(pressure, now, 500ms, 5s);
  ASSERT_GT(shed_of_1000(pressure), 0);
  measure(pressure, now, 1ms, 5s);
  EXPECT_EQ(shed_of_1000(pressure), 0);
}

TEST(loop_pressure, ends_shedding_while_nobody_asks_for_anything) {
  loop_pressure pressure{100ms};
  auto now = measure(pressure, t0, 1ms, 1s);
  now = measure(pressure, now, 500ms, 5s);
  ASSERT_GT(shed_of_1000(pressure), 0);
  measure(pressure, now + 3s, 1ms, 20ms);
  EXPECT_EQ(shed_of_1000(pressure), 0);
}

TEST(loop_pressure, spreads_those_it_sheds) {
  loop_pressure pressure{100ms};
  auto now = measure(pressure, t0, 1ms, 1s);
  measure(pressure, now, 200ms, 1200ms);
  int in_a_row = 0;
  int longest = 0;
  for (int i = 0; i < 1000; ++i) {
    in_a_row = pressure.sheds() ? in_a_row + 1 : 0;
    longest = std::max(longest, in_a_row);
  }
  EXPECT_EQ(longest, 1) << "less than half are shed";
}

TEST(loop_pressure, measures_one_at_a_time_and_not_all_the_time) {
  loop_pressure pressure{100ms};
  EXPECT_TRUE(pressure.begin_measure(t0));
  EXPECT_FALSE(pressure.begin_measure(t0 + 1s));
  pressure.end_measure(t0 + 1s);
  EXPECT_TRUE(pressure.begin_measure(t0 + 1s));
  pressure.end_measure(t0 + 1s + 1ms);
  EXPECT_FALSE(pressure.begin_measure(t0 + 1s + 2ms));
}

TEST(loop_pressure, tells_when_to_come_again_by_its_lag) {
  loop_pressure pressure{100ms};
  EXPECT_EQ(pressure.retry_after(), 1U);
  measure(pressure, t0, 3500ms, 4s);
  EXPECT_EQ(pressure.retry_after(), 4U);
}

} // namespace
} // namespace troupe::gateway
