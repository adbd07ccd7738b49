#include "gateway/detail/node_record.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;
using enum node_record::outcome;

const node_record::time_point t0{1h};

node_record described(std::uint32_t capacity = 1, std::uint64_t limit = 100) {
  node_record out;
  out.describe(capacity, limit, 0ms, t0);
  return out;
}

/// True when the last one takes it out.
bool fail(node_record& of, int times, node_record::time_point now = t0) {
  bool out = false;
  for (int i = 0; i < times; ++i) {
    of.begin();
    out = of.end(failed, now);
  }
  return out;
}

TEST(node_record, counts_what_is_there_up_to_its_limit) {
  auto node = described(1, 2);
  EXPECT_TRUE(node.has_room());
  node.begin();
  node.begin();
  EXPECT_FALSE(node.has_room());
  EXPECT_EQ(node.outstanding(), 2u);
  node.end(answered, t0);
  node.end(given_up, t0);
  EXPECT_TRUE(node.has_room());
  EXPECT_EQ(node.answered(), 1u);
  node.begin();
  node.end(overtaken, t0);
  EXPECT_EQ(node.outstanding(), 0u);
  EXPECT_EQ(node.answered(), 1u) << "its answer was not waited for";
}

TEST(node_record, costs_what_is_there_for_each_loop_times_its_pace) {
  auto small = described(), large = described(4);
  EXPECT_FLOAT_EQ(small.cost(t0), 1);
  EXPECT_FLOAT_EQ(large.cost(t0), 0.25F);
  small.begin();
  EXPECT_FLOAT_EQ(small.cost(t0), 2);
  for (int i = 0; i < 200; ++i)
    large.learn_pace(8, t0);
  EXPECT_NEAR(large.cost(t0), 2, 0.01);
}

TEST(node_record, gets_as_many_requests_at_once_as_are_done_in_100_us) {
  auto node = described();
  EXPECT_EQ(node.most_at_once(), 1u) << "nothing is known";
  for (const auto& [work, most] : {std::pair{0U, 1U}, {1U, 32U}, {3U, 32U}, {10U, 10U}, {51U, 1U}, {UINT32_MAX, 1U}}) {
    node.learn_work(work);
    EXPECT_EQ(node.most_at_once(), most) << work;
  }
}

TEST(node_record, forgets_how_slow_it_was_when_it_is_not_asked) {
  auto node = described();
  for (int i = 0; i < 200; ++i)
    node.learn_pace(9, t0);
  EXPECT_NEAR(node.cost(t0), 9, 0.01);
  EXPECT_NEAR(node.cost(t0 + 5s), 5, 0.01);
  EXPECT_NEAR(node.cost(t0 + 60s), 1, 0.01);
  node.learn_pace(1, t0 + 60s);
  EXPECT_NEAR(node.cost(t0 + 60s), 1, 0.01) << "what it was long ago does not count again";
}

TEST(node_record, that_is_a_bit_slower_or_faster_costs_the_same) {
  for (const float pace : {0.7F, 1.4F}) {
    auto node = described();
    for (int i = 0; i < 200; ++i)
      node.learn_pace(pace, t0);
    EXPECT_FLOAT_EQ(node.cost(t0), 1) << pace;
  }
}

TEST(node_record, that_answers_nothing_of_sense_has_a_pace_within_bounds) {
  auto node = described();
  for (int i = 0; i < 500; ++i)
    node.learn_pace(1e30F, t0);
  EXPECT_LE(node.cost(t0), 100);
  for (int i = 0; i < 500; ++i)
    node.learn_pace(0, t0);
  EXPECT_GE(node.cost(t0), 0.09F);
}

TEST(node_record, of_a_new_node_has_it_come_to_its_share_bit_by_bit) {
  node_record node;
  node.describe(1, 100, 4000ms, t0);
  EXPECT_FLOAT_EQ(node.cost(t0), 4);
  EXPECT_FLOAT_EQ(node.cost(t0 + 2s), 1.6F);
  EXPECT_FLOAT_EQ(node.cost(t0 + 4s), 1);
}

TEST(node_record, takes_it_out_after_five_failures_in_a_row_only) {
  auto node = described();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(fail(node, 4));
    node.begin();
    node.end(answered, t0);
  }
  EXPECT_FALSE(node.is_out(t0));
  EXPECT_FALSE(fail(node, 4));
  node.begin();
  EXPECT_TRUE(node.end(timed_out, t0));
  EXPECT_TRUE(node.is_out(t0));
}

TEST(node_record, is_probed_by_one_request_when_its_time_is_over) {
  auto node = described();
  ASSERT_TRUE(fail(node, 5));
  EXPECT_TRUE(node.is_out(t0 + 4999ms));
  EXPECT_FALSE(node.is_out(t0 + 5s));
  node.begin();
  EXPECT_TRUE(node.is_out(t0 + 5s)) << "a second request is let in beside the probe";
  node.end(answered, t0 + 5s);
  EXPECT_FALSE(node.is_out(t0 + 5s));
  EXPECT_FALSE(fail(node, 4, t0 + 5s)) << "it begins anew";
}

TEST(node_record, doubles_the_time_when_the_probe_fails_up_to_80_s) {
  auto node = described();
  auto now = t0;
  ASSERT_TRUE(fail(node, 5, now));
  for (const auto expected : {5s, 10s, 20s, 40s, 80s, 80s}) {
    EXPECT_TRUE(node.is_out(now + expected - 1ms)) << expected.count();
    now += expected;
    EXPECT_FALSE(node.is_out(now)) << expected.count();
    EXPECT_TRUE(fail(node, 1, now)) << expected.count();
  }
}

TEST(node_record, lets_another_probe_in_when_the_first_one_is_given_up) {
  auto node = described();
  ASSERT_TRUE(fail(node, 5));
  node.begin();
  node.end(given_up, t0 + 5s);
  EXPECT_FALSE(node.is_out(t0 + 5s));
}

TEST(node_record, is_in_again_when_its_probe_has_begun_to_answer) {
  auto node = described();
  ASSERT_TRUE(fail(node, 5));
  node.begin(); // a WebSocket, which lasts
  ASSERT_TRUE(node.is_out(t0 + 5s));
  node.answer_begun(t0 + 5s);
  EXPECT_FALSE(node.is_out(t0 + 5s));
  EXPECT_EQ(node.outstanding(), 1u);
}

TEST(node_record, is_not_kept_out_longer_by_what_was_sent_before) {
  auto node = described();
  node.begin();
  ASSERT_TRUE(fail(node, 5));
  EXPECT_FALSE(node.end(failed, t0 + 4s));
  EXPECT_FALSE(node.is_out(t0 + 5s));
}

} // namespace
} // namespace troupe::gateway
