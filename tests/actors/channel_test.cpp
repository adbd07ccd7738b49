#include "actors/channel.hpp"

#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace troupe::test {
namespace {

using words = std::vector<std::string>;

class a_channel : public testing::Test {
protected:
  loop_bench bench_;
};

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
    co_await settle();
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
    co_await settle();
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
      co_await settle();
    }
    co_await join_all(std::move(producers));
    std::vector<join_handle<void>> consumers;
    for (const auto* name : {"a", "b"})
      consumers.push_back(ctx.spawn(consume(numbers, name, out)));
    for (int i : {1, 2, 3}) {
      EXPECT_TRUE(numbers.try_send(i));
      co_await settle();
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
  bench_.run([](context&) -> task<> {
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
    co_await settle();
    EXPECT_EQ(log, words{});
    EXPECT_FALSE(ends.ended);
  });
}

TEST_F(a_channel, keeps_order_and_bound_over_many_values) {
  static constexpr int count = 10'000;
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

} // namespace
} // namespace troupe::test
