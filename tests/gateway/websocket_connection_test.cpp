// What its owner may do from within, and what waits: the rest is in tests/e2e, over sockets of a node.
#include "gateway/detail/websocket_connection.hpp"

#include "tests/support/file_descriptor.hpp"
#include "tests/support/websocket_client.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <gtest/gtest.h>

#include <sys/socket.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {
namespace {

using test::close_data, test::frame_bytes, test::opcode_binary, test::opcode_close, test::opcode_ping,
  test::opcode_text;

/// A loop that runs when it is told to.
struct turned_by_hand {
  caf::actor_system_config config;
  caf::actor_system system{config};
  detail::event_loop loop{system, 0};

  void run() {
    while (loop.poll()) {
    }
  }
};

class owner final : public websocket_owner {
public:
  void on_websocket_part(body_part&& what) override {
    EXPECT_FALSE(closed) << "told behind its end";
    parts.push_back(std::move(what));
    if (on_part)
      on_part();
  }
  void on_websocket_sent(std::uint64_t bytes) override { sent += bytes; }
  void on_websocket_end() override {
    EXPECT_FALSE(closed) << "told behind its end";
    closed = true;
  }

  std::vector<body_part> parts;
  std::uint64_t sent = 0;
  bool closed = false;
  std::function<void()> on_part;
};

class WebsocketConnection : public testing::Test {
protected:
  WebsocketConnection() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_ = test::file_descriptor{ends[1]};
    transport_.emplace(by_hand_.loop.io(), detail::file_descriptor{ends[0]});
    transport_->use_asio();
    connection_.emplace(owner_, alive_, by_hand_.loop, *transport_, settings_);
    connection_->accept({"dGhlIHNhbXBsZSBub25jZQ==", ""}, status(101), "now");
    by_hand_.run();
    EXPECT_TRUE(received().starts_with("HTTP/1.1 101 "));
  }

  ~WebsocketConnection() override {
    connection_->close();
    transport_->close();
    by_hand_.run();
  }

  void send(const std::vector<test::websocket_frame>& frames) {
    std::string bytes;
    for (const auto& each : frames)
      bytes += frame_bytes(each);
    ASSERT_EQ(::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    by_hand_.run();
  }

  /// What has come for the client, until nothing more does.
  std::string received() {
    std::string out;
    char some[64 * 1024];
    for (ssize_t got = 0; (got = ::recv(client_.get(), some, sizeof some, 0)) > 0; by_hand_.run())
      out.append(some, static_cast<std::size_t>(got));
    return out;
  }

  config::http_settings settings_;
  turned_by_hand by_hand_;
  owner owner_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  test::file_descriptor client_;
  std::optional<transport> transport_;
  std::optional<websocket_connection> connection_;
};

std::string unmasked(unsigned code, const std::string& data) {
  return frame_bytes({code, data, true, false});
}

TEST_F(WebsocketConnection, TellsNothingMoreWhenItsOwnerClosesItFromWithin) {
  owner_.on_part = [&] {
    connection_->close();
    owner_.closed = true;
  };
  send({{opcode_text, "one"}, {opcode_text, "two"}, {opcode_close, close_data(1000)}});
  EXPECT_EQ(owner_.parts.size(), 1U);
  EXPECT_EQ(received(), "");
}

TEST_F(WebsocketConnection, LooksForTheClientsCloseFrameAloneWhenItsOwnerEndsItFromWithin) {
  owner_.on_part = [&] { connection_->send({part_kind::close, true, close_data(4001)}); };
  send({{opcode_text, "one"}, {opcode_text, "two"}, {opcode_ping, "?"}});
  EXPECT_EQ(received(), unmasked(opcode_close, close_data(4001)));
  EXPECT_FALSE(owner_.closed);
  send({{opcode_text, "three"}, {opcode_close, close_data(4001)}});
  EXPECT_TRUE(owner_.closed);
  EXPECT_EQ(owner_.parts.size(), 1U);
}

TEST_F(WebsocketConnection, HoldsMessagesBackUntilThereIsCredit) {
  const std::vector<test::websocket_frame> many(100, {opcode_text, std::string(1000, 'x')});
  for (int i = 0; i < 3; ++i)
    send(many);
  const auto told = owner_.parts.size();
  EXPECT_EQ(told, stream_window / (1000 + 64) + 1);
  connection_->add_credit(2000);
  EXPECT_EQ(owner_.parts.size(), told) << "told from within";
  by_hand_.run();
  EXPECT_GT(owner_.parts.size(), told);
  EXPECT_LT(owner_.parts.size(), told + 4);
  connection_->add_credit(stream_window);
  by_hand_.run();
  EXPECT_EQ(owner_.parts.size(), 300U);
}

TEST_F(WebsocketConnection, SendsWhatWaitsInOrder) {
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string message(static_cast<std::size_t>(i * i), static_cast<char>('a' + i % 26));
    expected += unmasked(opcode_binary, message);
    connection_->send({part_kind::binary, false, message});
    if (i % 10 == 0)
      ASSERT_TRUE(received() == std::exchange(expected, {})) << i;
  }
  EXPECT_TRUE(received() == expected);
}

TEST_F(WebsocketConnection, AnswersACloseFrameBehindWhatIsOnItsWayAlone) {
  const std::string large(400'000, 'x'); // more than the socket takes at once
  connection_->send({part_kind::binary, false, large});
  connection_->send({part_kind::text, false, "never sent"});
  send({{opcode_close, close_data(4002) + "bye"}});
  ASSERT_EQ(owner_.parts.size(), 1U) << "is told at once";
  EXPECT_EQ(owner_.parts[0].data, close_data(4002) + "bye");
  EXPECT_FALSE(owner_.closed);
  EXPECT_TRUE(received() == unmasked(opcode_binary, large) + unmasked(opcode_close, close_data(4002) + "bye"));
  EXPECT_TRUE(owner_.closed);
}

TEST_F(WebsocketConnection, KeepsNoMoreOfPongsThanTheClientReads) {
  const std::vector<test::websocket_frame> pings(100, {opcode_ping, std::string(125, 'p')});
  std::string bytes;
  for (const auto& each : pings)
    bytes += frame_bytes(each);
  std::size_t sent = 0;
  for (ssize_t took = 0; (took = ::send(client_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)) > 0;) {
    sent += static_cast<std::size_t>(took);
    ASSERT_LT(sent, std::size_t{64} << 20) << "all is taken";
    bytes = bytes.substr(static_cast<std::size_t>(took)) + bytes.substr(0, static_cast<std::size_t>(took));
    by_hand_.run();
  }
  EXPECT_LT(connection_->buffered(), 8 * 1024U);
  const auto whole = sent / frame_bytes(pings[0]).size();
  EXPECT_EQ(received().size(), whole * unmasked(opcode_ping, pings[0].data).size()) << "each has its pong";
}

TEST_F(WebsocketConnection, EndsWithAWorkerThatSendsMoreThanItMay) {
  for (int i = 0; i < 20 && !owner_.closed; ++i)
    connection_->send({part_kind::binary, false, std::string(100'000, 'x')});
  EXPECT_TRUE(owner_.closed);
  EXPECT_EQ(owner_.parts.back().data, close_data(1006));
}

} // namespace
} // namespace troupe::gateway
