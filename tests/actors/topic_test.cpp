// Topics within a node (topic.hpp), and what a node tells of them to its gateways (peer_desk, topic_lane, topic_relay).
#include "actors/topic.hpp"

#include "actors/block_on.hpp"
#include "actors/cluster/peer_desk.hpp"
#include "actors/detail/keyed_directory.hpp"
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

TEST(a_subscription, forgets_nothing_that_it_has_missed_when_it_is_moved_or_given_up) {
  using namespace std::chrono_literals;
  block_on(
    [](context& ctx) -> task<void> {
      auto first = ctx.subscribe(numbers);
      auto news = std::move(first);
      ctx.publish(topic<string>{"numbers"}, "no number");
      bool given_up = false;
      try {
        co_await with_timeout(1ms, news.next());
      } catch (const error&) {
        given_up = true;
      }
      EXPECT_TRUE(given_up) << "there is no number";
      ctx.publish(numbers, 1);
      const auto next = co_await news.next();
      EXPECT_EQ(next.value, 1);
      EXPECT_EQ(next.missed, 1U);
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

topic_message value(const string& topic, const string& text) {
  topic_message out;
  out.topic = topic;
  out.text = text;
  return out;
}

TEST(a_topic_lane, leaves_out_what_is_too_much_and_tells_of_it) {
  topic_lane lane;
  for (std::size_t i = 0; i < topic_lane::most_messages; ++i)
    ASSERT_EQ(lane.admit("a", "1"), 0U);
  EXPECT_EQ(lane.admit("a", "1", 4), std::nullopt);
  EXPECT_EQ(lane.admit("a", "1"), std::nullopt);
  EXPECT_EQ(lane.admit("b", "1"), std::nullopt);
  EXPECT_TRUE(lane.on_credit({1, 2}).empty()) << "still nearly full";
  EXPECT_EQ(lane.admit("a", "1", 2), 8U);
  const auto told = lane.on_credit({topic_lane::most_messages, topic_lane::most_messages * 2});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].topic, "b");
  EXPECT_EQ(told[0].text, "");
  EXPECT_EQ(told[0].missed, 1U);
  EXPECT_TRUE(lane.on_credit({1, 1}).empty()) << "told once";
}

TEST(a_topic_lane, is_bounded_by_bytes_as_well) {
  topic_lane lane;
  const string large(longest_publication, 'x');
  std::size_t admitted = 0;
  while (lane.admit("a", large))
    ++admitted;
  EXPECT_EQ(admitted, topic_lane::most_bytes / longest_publication);
}

TEST(a_topic_lane, is_not_impressed_by_credits_that_are_not_due) {
  topic_lane lane;
  EXPECT_TRUE(lane.on_credit({UINT32_MAX, UINT64_MAX}).empty());
  for (std::size_t i = 0; i < topic_lane::most_messages; ++i)
    ASSERT_TRUE(lane.admit("a", "1"));
  EXPECT_FALSE(lane.admit("a", "1"));
}

TEST(a_topic_reader, answers_long_before_the_lane_is_full) {
  topic_reader reader;
  topic_credit read;
  int answers = 0;
  for (std::size_t i = 0; i < topic_lane::most_messages; ++i)
    if (const auto due = reader.on_read(value("a", "1"))) {
      ++answers;
      read.messages += due->messages;
      read.bytes += due->bytes;
    }
  EXPECT_EQ(answers, 16);
  EXPECT_EQ(read.messages, topic_lane::most_messages);
  EXPECT_EQ(read.bytes, topic_lane::most_messages * 2);
  EXPECT_TRUE(reader.on_read(value("a", string(longest_publication, 'x'))));
}

/// A desk, and this test's actors as its uplinks.
class a_desk_with_topics : public testing::Test {
protected:
  a_desk_with_topics() {
    auto services = std::make_shared<detail::node_services>(*test_node());
    services->keyed = std::make_shared<detail::keyed_directory>(std::vector<detail::event_loop*>{&bench_.loop()});
    services->topics = topics_;
    desk_ = bench_.spawn<peer_desk>(services, own);
    topics_->join_cluster(detail::from_caf(caf::actor_cast<caf::strong_actor_ptr>(desk_)));
  }
  ~a_desk_with_topics() override {
    bench_.run([&](context&) -> task<void> { // on its loop
      seats_.clear();
      co_return;
    });
    bench_.run([&](context&) -> task<void> { co_return; }); // the desk has heard of it
    topics_->leave_cluster();
  }

  void list(caf::scoped_actor& uplink, const std::vector<std::uint64_t>& nodes) {
    peer_list all;
    for (const auto id : nodes)
      all.peers.push_back({id, "n" + std::to_string(id), {}});
    uplink->send(desk_, std::move(all));
  }
  detail::topic_seat& listen(const string& topic) {
    bench_.run([&](context&) -> task<void> {
      seats_.push_back(std::make_unique<detail::topic_seat>(topics_, topic, 100, true));
      co_return;
    });
    return *seats_.back();
  }
  /// "1" for a value, "gap"; empty: nothing has come before the answer to a question behind it.
  string heard(detail::topic_seat& by) {
    bench_.self()->send(desk_, drain{});
    bench_.self()->receive([](drained) {}, caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "the desk is silent"; });
    return bench_.run([&](context&) -> task<string> {
      if (by.in()->size() == 0)
        co_return "";
      const auto next = co_await detail::topic_inbox::receiver{by.in()};
      co_return next->value ? *next->value : "gap";
    });
  }
  /// What the uplink is told next: "begun a", "a=1 to 2 3", "gap to 2".
  static string told(caf::scoped_actor& uplink) {
    string out = "nothing";
    uplink->receive(
      [&](const topic_interest& what) {
        out = (what.begun.empty() ? "ended " : "begun ") + (what.begun.empty() ? what.ended : what.begun).at(0);
      },
      [&](const topic_message& what) {
        out = what.topic.empty() ? "gap to" : what.topic + "=" + what.text + " to";
        for (const auto id : what.to)
          out += " " + std::to_string(id);
      },
      caf::after(scaled(soon)) >> [] { ADD_FAILURE() << "the uplink is told nothing"; });
    return out;
  }
  void publish(const string& topic, const string& text) {
    topics_->publish(topic, std::make_shared<const string>(text));
  }

  static constexpr std::uint64_t own = 1;
  std::shared_ptr<detail::topic_registry> topics_ = std::make_shared<detail::topic_registry>();
  loop_bench bench_;
  caf::actor desk_;
  std::vector<std::unique_ptr<detail::topic_seat>> seats_;
};

TEST_F(a_desk_with_topics, tells_uplinks_who_listens_and_reaches_each_node_by_one_of_them) {
  caf::scoped_actor one{bench_.system()}, other{bench_.system()};
  listen("a");
  list(one, {own, 2, 3});
  EXPECT_EQ(told(one), "begun a");
  EXPECT_EQ(told(one), "gap to 2 3");
  publish("b", "1");
  EXPECT_EQ(told(one), "b=1 to 2 3");
  list(other, {own, 3, 4});
  EXPECT_EQ(told(other), "begun a");
  EXPECT_EQ(told(other), "gap to 4") << "node 3 keeps its route";
  publish("b", "2");
  EXPECT_EQ(told(one), "b=2 to 2 3");
  EXPECT_EQ(told(other), "b=2 to 4");
  one->send(desk_, uplink_lost{});
  EXPECT_EQ(told(other), "gap to 3") << "its way is another one now";
  publish("b", "3");
  EXPECT_EQ(told(other), "b=3 to 3 4");
  bench_.run([&](context&) -> task<void> {
    seats_.clear();
    co_return;
  });
  EXPECT_EQ(told(other), "ended a");
}

TEST_F(a_desk_with_topics, tells_of_nodes_that_have_gone_and_takes_nothing_that_has_been_overtaken) {
  caf::scoped_actor one{bench_.system()}, other{bench_.system()};
  auto& seat = listen("a");
  list(one, {own, 2});
  list(other, {own, 2});
  topic_message what;
  what.topic = "a";
  what.text = "1";
  what.from = 2;
  what.epoch = 1;
  one->send(desk_, what);
  EXPECT_EQ(heard(seat), "1");
  topic_message new_way;
  new_way.from = 2;
  new_way.epoch = 2;
  other->send(desk_, new_way);
  EXPECT_EQ(heard(seat), "gap");
  what.text = "by the old way, late";
  one->send(desk_, what);
  EXPECT_EQ(heard(seat), "");
  what.text = "2";
  what.epoch = 2;
  other->send(desk_, what);
  EXPECT_EQ(heard(seat), "2");
  list(one, {own});
  EXPECT_EQ(heard(seat), "");
  list(other, {own});
  EXPECT_EQ(heard(seat), "gap") << "what node 2 has published last may be lost with it";
}

} // namespace
} // namespace troupe::test
