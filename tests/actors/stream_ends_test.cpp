// The two ends of a stream within a worker: credit, order, and what is left when the request has ended.
#include "actors/detail/stream_ends.hpp"

#include "actors/messages/errc.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace troupe::detail {
namespace {

class recorder final : public stream_peer {
public:
  void send_part(body_part&& what) override { parts.push_back(std::move(what.data)); }
  void send_credit(std::uint64_t bytes) override { credit += bytes; }

  std::vector<std::string> parts;
  std::uint64_t credit = 0;
};

body_part part(std::string data, bool last = false) {
  return {part_kind::body, last, std::move(data)};
}

/// How many parts of this size go before the sender has to wait.
std::size_t sent_at_once(std::size_t size) {
  recorder peer;
  part_sender sender{peer};
  while (sender.ready())
    sender.send(part(std::string(size, 'x')));
  return peer.parts.size();
}

TEST(part_sender, sends_as_long_as_any_credit_is_left) {
  EXPECT_EQ(sent_at_once(stream_window), 1U);
  EXPECT_EQ(sent_at_once(stream_window / 2 - 64), 2U);
}

TEST(part_sender, pays_for_parts_without_data_too) {
  EXPECT_EQ(sent_at_once(0), stream_window / 64);
}

TEST(part_sender, goes_on_with_what_it_is_given_back) {
  recorder peer;
  part_sender sender{peer};
  sender.send(part(std::string(stream_window, 'x')));
  EXPECT_FALSE(sender.ready());
  sender.add_credit(64); // it had gone that far beyond
  EXPECT_FALSE(sender.ready());
  sender.add_credit(1);
  EXPECT_TRUE(sender.ready());
  EXPECT_EQ(sender.sent(), stream_window);
}

TEST(part_sender, sends_nothing_once_the_request_has_ended) {
  recorder peer;
  part_sender sender{peer};
  sender.detach();
  EXPECT_TRUE(sender.ready()); // or who waits would wait for ever
  EXPECT_THROW(sender.send(part("x")), error);
  EXPECT_TRUE(peer.parts.empty());
}

TEST(part_receiver, gives_parts_in_order_then_none) {
  recorder peer;
  part_receiver receiver{peer};
  EXPECT_FALSE(receiver.ready());
  receiver.put(part("a"));
  receiver.put(part("b", true));
  EXPECT_EQ(receiver.take()->data, "a");
  EXPECT_EQ(receiver.take()->data, "b");
  EXPECT_TRUE(receiver.ready());
  EXPECT_EQ(receiver.take(), std::nullopt);
  receiver.detach();
  EXPECT_EQ(receiver.take(), std::nullopt);
}

TEST(part_receiver, gives_back_what_its_parts_have_cost) {
  recorder peer;
  part_receiver receiver{peer};
  std::uint64_t cost = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto next = part(std::string(static_cast<std::size_t>(i % 100), 'x'));
    cost += cost_of(next);
    receiver.put(std::move(next));
  }
  while (receiver.ready())
    static_cast<void>(receiver.take());
  EXPECT_LE(peer.credit, cost);
  EXPECT_LT(cost - peer.credit, stream_credit_step);
}

TEST(part_receiver, gives_what_has_come_then_fails_once_the_request_has_ended) {
  recorder peer;
  part_receiver receiver{peer};
  receiver.put(part("a"));
  receiver.detach();
  EXPECT_EQ(receiver.take()->data, "a");
  EXPECT_TRUE(receiver.ready());
  EXPECT_THROW(receiver.take(), error);
}

} // namespace
} // namespace troupe::detail
