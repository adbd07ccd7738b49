// How long a failed actor waits before it is begun anew, and when it is beyond help.
#include "actors/detail/supervision.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using detail::restart_record;

const std::chrono::steady_clock::time_point start{1h};

TEST(restart_record, doubles_the_wait_with_each_failure_up_to_a_maximum) {
  restart_record record;
  const restart_policy policy{.min_backoff = 10ms, .max_backoff = 100ms, .jitter = 0};
  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 6; ++i)
    waits.push_back(record.failed(policy, start + i * 1s).value());
  EXPECT_EQ(waits, (std::vector<std::chrono::milliseconds>{10ms, 20ms, 40ms, 80ms, 100ms, 100ms}));
}

TEST(restart_record, adds_a_part_of_the_wait_by_chance) {
  const restart_policy policy{.min_backoff = 1000ms, .jitter = 0.2};
  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 200; ++i)
    waits.push_back(restart_record{}.failed(policy, start).value());
  const auto [least, most] = std::minmax_element(waits.begin(), waits.end());
  EXPECT_GE(*least, 1000ms);
  EXPECT_LE(*most, 1200ms);
  EXPECT_GT(*most - *least, 50ms);
}

TEST(restart_record, gives_up_past_the_maximum_within_the_window) {
  restart_record record;
  const restart_policy policy{.max_restarts = 3, .window = 60s};
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(record.failed(policy, start + i * 1s));
  EXPECT_FALSE(record.failed(policy, start + 3s));
}

TEST(restart_record, forgets_what_is_older_than_the_window) {
  restart_record record;
  const restart_policy policy{.max_restarts = 2, .window = 60s, .min_backoff = 10ms, .jitter = 0};
  EXPECT_EQ(record.failed(policy, start), 10ms);
  EXPECT_EQ(record.failed(policy, start + 30s), 20ms);
  EXPECT_FALSE(record.failed(policy, start + 60s));
  EXPECT_EQ(record.failed(policy, start + 61s), 20ms); // beside the one of 30 s
  EXPECT_EQ(record.failed(policy, start + 200s), 10ms);
}

TEST(restart_record, gives_up_at_once_without_restarts) {
  EXPECT_FALSE(restart_record{}.failed({.max_restarts = 0}, start));
}

} // namespace
} // namespace troupe::test
