// Topics within a node (topic.hpp), and what a node tells of them to its gateways (peer_desk, topic_lane, topic_relay).
#include "actors/topic.hpp"

#include "actors/block_on.hpp"
#include "actors/cluster/peer_desk.hpp"
#include "actors/messages/errc.hpp"
#include "actors/stateful.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

using std::string;

struct price {
  string name;
  int cents = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(price, name, cents)
};

const topic<int> numbers{"numbers"};

string what(const std::function<void()>& call) {
  try {
    call();
  } catch (const error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(a_topic, brings_values_to_all_who_listen_when_they_are_published) {
  block_on(
    [](context& ctx) -> task<void> {
      const topic<price> prices{"prices"};
      ctx.publish(prices, {"early", 1});
      auto one = ctx.subscribe(prices), other = ctx.subscribe(topic<price>{"prices"});
      ctx.publish(prices, {"ACME", 101});
      ctx.publish(topic<price>{"Prices"}, {"another topic", 1});
      ctx.publish(prices, {"ACME", 102});
      for (auto* each : {&one, &other})
        for (const int cents : {101, 102}) {
          const auto next = co_await each->next();
          EXPECT_EQ(next.value.name, "ACME");
          EXPECT_EQ(next.value.cents, cents);
          EXPECT_EQ(next.missed, 0U);
          EXPECT_FALSE(next.gap);
        }
      EXPECT_EQ(one.size(), 0U);
    },
    1);
}

struct ear {
  task<int> handle(context& ctx, int count) {
    auto news = ctx.subscribe(numbers);
    ctx.publish(topic<int>{"ready"}, 1);
    int sum = 0;
    for (int i = 0; i < count; ++i)
      sum += (co_await news.next()).value;
    co_return sum;
  }
};

TEST(a_topic, is_one_for_all_loops_of_a_node) {
  block_on(
    [](context& ctx) -> task<void> {
      auto ready = ctx.subscribe(topic<int>{"ready"});
      actor_options spread;
      spread.where = placement::spread;
      std::vector<join_handle<int>> sums;
      for (int i = 0; i < 8; ++i)
        sums.push_back(ctx.spawn([&, ref = ctx.spawn_actor<ear>(spread)]() -> task<int> { co_return co_await ctx.ask(ref, 3); }));
      for (int i = 0; i < 8; ++i)
        co_await ready.next();
      for (const int each : {1, 2, 3})
        ctx.publish(numbers, each);
      for (auto& each : sums)
        EXPECT_EQ(co_await each, 6);
    },
    4);
}

TEST(a_subscription, keeps_the_newest_values_and_tells_how_many_it_has_missed) {
  block_on(
    [](context& ctx) -> task<void> {
      auto news = ctx.subscribe(numbers, {.capacity = 2, .gaps = false});
      for (int i = 1; i <= 5; ++i)
        ctx.publish(numbers, i);
      auto next = co_await news.next();
      EXPECT_EQ(next.value, 4);
      EXPECT_EQ(next.missed, 3U);
      next = co_await news.next();
      EXPECT_EQ(next.value, 5);
      EXPECT_EQ(next.missed, 0U);
    },
    1);
}

TEST(a_subscription, counts_what_is_of_another_type_as_missed) {
  block_on(
    [](context& ctx) -> task<void> {
      auto news = ctx.subscribe(numbers);
      ctx.publish(topic<string>{"numbers"}, "one");
      ctx.publish(topic<price>{"numbers"}, {"two", 2});
      ctx.publish(numbers, 3);
      const auto next = co_await news.next();
      EXPECT_EQ(next.value, 3);
      EXPECT_EQ(next.missed, 2U);
    },
    1);
}

TEST(a_subscription, ends_with_its_object) {
  block_on(
    [](context& ctx) -> task<void> {
      auto news = ctx.subscribe(numbers);
      {
        auto moved = std::move(news);
        ctx.publish(numbers, 1);
        EXPECT_EQ((co_await moved.next()).value, 1);
      }
      ctx.publish(numbers, 2); // to nobody
      news = ctx.subscribe(numbers);
      ctx.publish(numbers, 3);
      EXPECT_EQ((co_await news.next()).value, 3);
    },
    1);
}

TEST(a_topic, refuses_what_it_cannot_bring) {
  EXPECT_EQ(what([] { topic<int>{""}; }), "the name of a topic has 1 to 255 bytes, this one has 0");
  EXPECT_EQ(what([] { topic<int>{string(256, 'n')}; }), "the name of a topic has 1 to 255 bytes, this one has 256");
  block_on(
    [](context& ctx) -> task<void> {
      const topic<string> words{"words"};
      EXPECT_EQ(what([&] { ctx.publish(words, "\xff"); }).find("what is published on topic \"words\" is not UTF-8"), 0U);
      EXPECT_EQ(what([&] { ctx.publish(words, string(longest_publication - 1, 'x')); }),
                "what is published on topic \"words\" is 1048577 bytes of JSON, more than 1048576");
      ctx.publish(words, string(longest_publication - 2, 'x'));
      EXPECT_EQ(what([&] { static_cast<void>(ctx.subscribe(words, {.capacity = 0, .gaps = false})); }),
                "a subscription to topic \"words\" keeps at least one value");
      co_return;
    },
    1);
}

// -- to and from other nodes --------------------------------------------------------------------------

topic_message message(const string& topic, const string& text, std::uint64_t missed = 0) {
  return {{}, topic, text, missed};
}

TEST(a_topic_lane, leaves_out_what_is_too_much_and_tells_of_it) {
  topic_lane lane;
  for (std::size_t i = 0; i < topic_lane::most_messages; ++i) {
    auto next = message("a", "1");
    ASSERT_TRUE(lane.admit(next));
  }
  for (int i = 0; i < 3; ++i) {
    auto next = message("a", "1", i == 0 ? 4 : 0);
    EXPECT_FALSE(lane.admit(next));
  }
  auto of_another = message("b", "1");
  EXPECT_FALSE(lane.admit(of_another));
  EXPECT_TRUE(lane.on_credit({1, 2}).empty()) << "still nearly full";
  auto next = message("a", "1");
  EXPECT_TRUE(lane.admit(next));
  EXPECT_EQ(next.missed, 7U);
  const auto told = lane.on_credit({topic_lane::most_messages, topic_lane::most_messages * 2});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].topic, "b");
  EXPECT_EQ(told[0].text, "");
  EXPECT_EQ(told[0].missed, 1U);
}

TEST(a_topic_lane, is_bounded_by_bytes_as_well) {
  topic_lane lane;
  const string large(longest_publication, 'x');
  int admitted = 0;
  for (auto next = message("a", large); lane.admit(next); next = message("a", large))
    ++admitted;
  EXPECT_EQ(admitted, static_cast<int>(topic_lane::most_bytes / longest_publication));
}

TEST(a_topic_reader, answers_long_before_the_lane_is_full) {
  topic_reader reader;
  topic_credit read;
  int answers = 0;
  for (std::size_t i = 0; i < topic_lane::most_messages; ++i)
    if (const auto due = reader.on_read(message("a", "1"))) {
      ++answers;
      read.messages += due->messages;
      read.bytes += due->bytes;
    }
  EXPECT_EQ(answers, 16);
  EXPECT_EQ(read.messages, topic_lane::most_messages);
  EXPECT_EQ(read.bytes, topic_lane::most_messages * 2);
  EXPECT_TRUE(reader.on_read(message("a", string(longest_publication, 'x'))));
}

} // namespace
} // namespace troupe::test
