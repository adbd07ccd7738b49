#include "gateway/detail/request_counts.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;
using histogram = latency_histogram;

TEST(latency_histogram, takes_each_bound_into_its_bucket_and_no_nanosecond_more) {
  for (std::size_t i = 0; i + 1 < histogram::bucket_count; ++i) {
    const std::chrono::nanoseconds bound = histogram::bound_of(i);
    EXPECT_EQ(histogram::bucket_of(bound), i) << bound.count();
    EXPECT_EQ(histogram::bucket_of(bound + 1ns), i + 1) << bound.count();
  }
}

TEST(latency_histogram, begins_at_64_microseconds_and_doubles) {
  EXPECT_EQ(histogram::bound_of(0), 64us);
  for (std::size_t i = 1; i + 1 < histogram::bucket_count; ++i)
    EXPECT_EQ(histogram::bound_of(i), 2 * histogram::bound_of(i - 1));
}

TEST(latency_histogram, has_a_bucket_for_whatever_a_clock_says) {
  for (auto least : {std::chrono::nanoseconds::min(), -1ns, 0ns, 1ns, 999ns, 1000ns, 63'999ns})
    EXPECT_EQ(histogram::bucket_of(least), 0U) << least.count();
  for (std::chrono::nanoseconds most : {std::chrono::nanoseconds{1h}, std::chrono::nanoseconds{24h * 365}})
    EXPECT_EQ(histogram::bucket_of(most), histogram::bucket_count - 1) << most.count();
}

TEST(latency_histogram, of_two_loops_is_the_sum) {
  histogram a, b;
  a.add(64us);
  a.add(1ms);
  b.add(1ms);
  b.add(1h);
  a += b;
  EXPECT_EQ(a.count(0), 1U);
  EXPECT_EQ(a.count(histogram::bucket_of(1ms)), 2U);
  EXPECT_EQ(a.count(histogram::bucket_count - 1), 1U);
  EXPECT_EQ(a.sum(), 64us + 2ms + 1h);
}

TEST(request_counts, know_their_route_and_each_status) {
  request_counts a{"shop", "GET /a b/{id}"};
  EXPECT_EQ(a.service(), "shop");
  EXPECT_EQ(a.method(), "GET");
  EXPECT_EQ(a.pattern(), "/a b/{id}");
  a.answered(200, 1ms);
  a.answered(404, 1ms);
  a.answered(200, 1ms);
  request_counts b{"shop", "GET /a b/{id}"};
  b.answered(404, 1ms);
  b.answered(101, 1h);
  b.refused(refusal::queue_full);
  b.abandoned();
  a += b;
  EXPECT_EQ(a.answers(), (std::vector<request_counts::of_status_code>{{200, 2}, {404, 2}, {101, 1}}));
  EXPECT_EQ(a.times().sum(), 4ms) << "a WebSocket's life is no time of an answer";
  EXPECT_EQ(a.refused_for(refusal::queue_full), 1U);
  EXPECT_EQ(a.refused_for(refusal::overload), 0U);
  EXPECT_EQ(a.abandoned_ones(), 1U);
}

} // namespace
} // namespace troupe::gateway
