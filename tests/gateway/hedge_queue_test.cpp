#include "gateway/detail/hedge_queue.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;

const hedge_queue::time_point t0{1h};

TEST(hedge_queue, gives_calls_in_the_order_of_their_times_and_not_before) {
  hedge_queue queue;
  EXPECT_FALSE(queue.when());
  EXPECT_FALSE(queue.next(t0));
  queue.add(1, t0 + 50ms);
  queue.add(2, t0 + 10ms);
  queue.add(3, t0 + 50ms);
  EXPECT_EQ(queue.when(), t0 + 10ms);
  EXPECT_FALSE(queue.next(t0 + 9ms));
  EXPECT_EQ(queue.next(t0 + 10ms), 2u);
  EXPECT_EQ(queue.when(), t0 + 50ms);
  EXPECT_FALSE(queue.next(t0 + 49ms));
  EXPECT_EQ(queue.next(t0 + 60ms), 1u);
  EXPECT_EQ(queue.next(t0 + 60ms), 3u);
  EXPECT_FALSE(queue.next(t0 + 60ms));
}

} // namespace
} // namespace troupe::gateway
