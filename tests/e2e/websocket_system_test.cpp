// WebSockets as a client sees them, with frames made by hand.
#include "tests/e2e/stream_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/websocket_client.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace troupe::test {
namespace {

class WebSocket : public with_streams {
protected:
  void SetUp() override { start({"--http-max-websocket-message", "128KiB"}); }

  /// Sockets whose handlers run.
  [[nodiscard]] std::int64_t open_sockets() const { return count("takers"); }

  /// The answer to a handshake with these fields.
  [[nodiscard]] http_response refused(const std::vector<std::pair<std::string, std::string>>& fields) const {
    return http_connection{port()}.exchange(handshake("/socket", fields));
  }
};

INSTANTIATE_TEST_SUITE_P(Nodes, WebSocket, testing::Values(where::here, where::on_worker), name_of);

TEST_P(WebSocket, AnswersTheHandshakeAsTheRfcHasIt) {
  const websocket_client client{port(), "/socket"};
  EXPECT_EQ(client.answer().status, 101);
  EXPECT_EQ(client.answer().header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(client.answer().header("Upgrade"), "websocket");
  EXPECT_EQ(client.answer().header("Sec-WebSocket-Extensions"), std::nullopt);
  EXPECT_EQ(client.answer().header("Server"), "troupe");
}

TEST_P(WebSocket, CarriesMessagesOfBothKindsInOrder) {
  websocket_client client{port(), "/socket"};
  const std::string bytes{"\0\xff\x80", 3};
  client.send_text("h\xc3\xa9");
  client.send({opcode_binary, bytes});
  client.send_text("");
  EXPECT_EQ(client.read(), (websocket_frame{opcode_text, "h\xc3\xa9", true, false}));
  EXPECT_EQ(client.read(), (websocket_frame{opcode_binary, bytes, true, false}));
  EXPECT_EQ(client.read(), (websocket_frame{opcode_text, "", true, false}));
}

TEST_P(WebSocket, CarriesMoreThanEitherSideMayHaveOnItsWay) {
  websocket_client client{port(), "/socket"};
  for (int i = 0; i < 20; ++i) {
    const std::string message(100'000, static_cast<char>('a' + i));
    client.send_text(message);
    ASSERT_EQ(client.read().data, message);
  }
}

TEST_P(WebSocket, GoesOnBehindMessagesOfManyTimesTheWindow) {
  start({"--http-max-websocket-message", "4MiB"});
  websocket_client client{port(), "/socket"};
  for (const std::size_t size : {600'000, 600'000, 600'000, 600'000, 1'048'576, 4'000'000, 4'000'000}) {
    const std::string message(size, 'x');
    client.send_text(message);
    ASSERT_TRUE(client.read().data == message) << size;
  }
  client.send_close(1000);
  EXPECT_EQ(client.read_close(), 1000);
}

TEST_P(WebSocket, PutsFragmentsTogetherAndAnswersPingsBetweenThem) {
  websocket_client client{port(), "/socket"};
  client.send({opcode_text, "one ", false});
  client.send({opcode_ping, "are you there"});
  client.send({opcode_more, "two ", false});
  client.send({opcode_more, "three"});
  EXPECT_EQ(client.read(), (websocket_frame{opcode_pong, "are you there", true, false}));
  EXPECT_EQ(client.read(), (websocket_frame{opcode_text, "one two three", true, false}));
}

TEST_P(WebSocket, AnswersEveryPingInOrder) {
  constexpr int pings = 300;
  websocket_client client{port(), "/socket"};
  std::string all;
  for (int i = 0; i < pings; ++i)
    all += frame_bytes({opcode_ping, std::to_string(i)});
  client.connection().send(all);
  for (int i = 0; i < pings; ++i)
    ASSERT_EQ(client.read(), (websocket_frame{opcode_pong, std::to_string(i), true, false}));
}

TEST_P(WebSocket, HoldsUpAClientThatPingsAndReadsNothingAndLosesIt) {
  start({"--http-write-timeout", "300ms", "--http-min-transfer-rate", "0"});
  websocket_client client{port(), "/socket"};
  std::string pings;
  while (pings.size() < 1024 * 1024)
    pings += frame_bytes({opcode_ping, std::string(125, 'p')});
  const auto send_many = [&] {
    for (int i = 0; i < 64; ++i) // more than the kernel keeps
      client.connection().send(pings);
  };
  EXPECT_THROW(send_many(), connection_error);
  EXPECT_TRUE(eventually([&] { return open_sockets() == 0; }));
}

TEST_P(WebSocket, IsClosedByTheClientAndItsHandlerEnds) {
  websocket_client client{port(), "/socket"};
  client.send_text("x");
  client.read();
  EXPECT_EQ(open_sockets(), 1);
  client.send_close(1000);
  EXPECT_EQ(client.read_close(), 1000);
  EXPECT_TRUE(client.connection().closed_by_server());
  EXPECT_TRUE(eventually([&] { return open_sockets() == 0; }));
}

TEST_P(WebSocket, EndsItsHandlerWhenTheClientIsLost) {
  websocket_client client{port(), "/socket"};
  client.send_text("x");
  client.read();
  client.connection().reset();
  EXPECT_TRUE(eventually([&] { return open_sockets() == 0; }));
}

TEST_P(WebSocket, IsClosedByTheHandlerWithItsCode) {
  websocket_client client{port(), "/closing?code=4001"};
  EXPECT_EQ(client.answer().status, 101);
  EXPECT_EQ(client.read_close(), 4001);
  client.send_close(4001);
  EXPECT_TRUE(client.connection().closed_by_server());
}

TEST_P(WebSocket, IsClosedWhenTheHandlerFails) {
  websocket_client client{port(), "/closing?code=0"};
  EXPECT_EQ(client.read_close(), 1011);
}

TEST_P(WebSocket, IsAnOrdinaryAnswerWhenTheHandlerRefusesBeforeItBegins) {
  EXPECT_TRUE(is_problem(http_connection{port()}.exchange(handshake("/closing?code=-1")), 401));
}

TEST_P(WebSocket, AgreesOnAProtocolOfTheHandler) {
  const auto answer = http_connection{port()}.exchange(
    handshake("/closing?code=1000&protocol=chat", {{"Sec-WebSocket-Protocol", "chat, other"}}));
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.header("Sec-WebSocket-Protocol"), "chat");
}

TEST_P(WebSocket, ClosesForWhatTheRfcForbids) {
  const std::vector<std::pair<websocket_frame, int>> cases{
    {{opcode_text, "x", true, false}, 1002},           // not masked
    {{opcode_text, "\xff", true, true}, 1007},         // no UTF-8
    {{3, "x", true, true}, 1002},                      // no such opcode
    {{opcode_more, "x", true, true}, 1002},            // of nothing
    {{opcode_ping, "x", false, true}, 1002},           // a control frame in fragments
    {{opcode_text, "x", true, true, 4}, 1002},         // compressed without having agreed on it
    {{opcode_close, "x", true, true}, 1002},           // half a code
    {{opcode_close, close_data(1005), true, true}, 1002}, // which is never sent
    {{opcode_text, std::string(128 * 1024 + 1, 'x'), true, true}, 1009},
  };
  for (const auto& [frame, code] : cases) {
    websocket_client client{port(), "/socket"};
    client.send(frame);
    EXPECT_EQ(client.read_close(), code) << frame.opcode << ' ' << frame.data.substr(0, 10);
  }
  EXPECT_TRUE(eventually([&] { return open_sockets() == 0; }));
}

TEST_P(WebSocket, SaysWhyItClosesThoughTheClientHasSentMore) {
  websocket_client client{port(), "/socket"};
  client.send({opcode_text, std::string(1024 * 1024, 'x')});
  client.send_text("more");
  EXPECT_EQ(client.read_close(), 1009);
  client.send_close(1009);
  client.connection().shut_down_sending();
  EXPECT_FALSE(client.connection().was_reset());
}

TEST_P(WebSocket, ClosesForTextThatEndsWithinACharacter) {
  for (const char* begun : {"\xc3", "x\xe2\x82", "\xf0\x9f\x98"}) {
    websocket_client client{port(), "/socket"};
    client.send({opcode_text, begun, false});
    client.send({opcode_more, ""});
    EXPECT_EQ(client.read_close(), 1007);
    client.send_close(1007);
    EXPECT_TRUE(client.connection().closed_by_server());
  }
  websocket_client client{port(), "/socket"};
  client.send({opcode_text, "\xf0\x9f\x98\x80", false});
  client.send({opcode_more, ""});
  EXPECT_EQ(client.read().data, "\xf0\x9f\x98\x80");
}

TEST_P(WebSocket, IsClosedBetweenFragments) {
  websocket_client client{port(), "/socket"};
  client.send({opcode_text, "one ", false});
  client.send_close(1000);
  EXPECT_EQ(client.read_close(), 1000);
  EXPECT_TRUE(client.connection().closed_by_server());
}

TEST_P(WebSocket, IsRefusedWithoutAProperHandshake) {
  for (const auto& fields : std::vector<std::vector<std::pair<std::string, std::string>>>{
         {{"Upgrade", ""}}, {{"Connection", ""}}, {{"Upgrade", "h2c"}}, {{"Connection", "close"}}}) {
    const auto answer = refused(fields);
    EXPECT_TRUE(is_problem(answer, 426));
    EXPECT_EQ(answer.header("Upgrade"), "websocket");
  }
  const auto version = refused({{"Sec-WebSocket-Version", "8"}});
  EXPECT_TRUE(is_problem(version, 426));
  EXPECT_EQ(version.header("Sec-WebSocket-Version"), "13");
  EXPECT_TRUE(is_problem(refused({{"Sec-WebSocket-Version", ""}}), 426));
  EXPECT_TRUE(is_problem(refused({{"Sec-WebSocket-Key", ""}}), 400));
  EXPECT_TRUE(is_problem(refused({{"Sec-WebSocket-Key", "c2hvcnQ="}}), 400));
  EXPECT_TRUE(is_problem(refused({{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ!=="}}), 400));
}

TEST_P(WebSocket, IsRefusedToPagesOfOtherOrigins) {
  EXPECT_TRUE(is_problem(refused({{"Origin", "https://evil.example"}}), 403));
  EXPECT_TRUE(is_problem(refused({{"Origin", "null"}}), 403));
  EXPECT_EQ(refused({{"Origin", "http://test"}}).status, 101);
  start({"--http-websocket-origins", "https://a.example"});
  EXPECT_EQ(refused({{"Origin", "https://a.example"}}).status, 101);
  EXPECT_TRUE(is_problem(refused({{"Origin", "https://evil.example"}}), 403));
  start({"--http-websocket-origins", "*"});
  EXPECT_EQ(refused({{"Origin", "https://evil.example"}}).status, 101);
}

TEST_P(WebSocket, RefusesFramesThatComeBeforeItsAnswer) {
  http_connection connection{port()};
  connection.send(handshake("/socket") + "\x81\x80\x12\x34\x56\x78");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_P(WebSocket, LeavesAnOrdinaryRouteAsItIsWhenItIsAskedForOneThere) {
  http_connection connection{port()};
  EXPECT_EQ(connection.exchange(handshake("/counts")).status, 200);
  EXPECT_EQ(connection.exchange(handshake("/counts")).status, 200);
}

TEST_P(WebSocket, IsCompressedOnlyForClientsThatOfferIt) {
  const std::pair<std::string, std::string> offer{"Sec-WebSocket-Extensions", "permessage-deflate"};
  const auto agreed = refused({offer}).header("Sec-WebSocket-Extensions");
  ASSERT_TRUE(agreed);
  EXPECT_TRUE(agreed->starts_with("permessage-deflate")) << *agreed;
  start({"--no-http-websocket-compression"});
  EXPECT_EQ(refused({offer}).header("Sec-WebSocket-Extensions"), std::nullopt);
}

TEST_P(WebSocket, InflatesAMessageBehindOneThatJustFilledABuffer) {
  websocket_client client{port(), "/socket", {{"Sec-WebSocket-Extensions", "permessage-deflate"}}};
  constexpr unsigned compressed = 4; // RSV1
  const std::string many_as{"\xec\xc1\x81\0\0\0\0\xc3\x20\xd6\xf9\x4b\x1c\xe4\x55\x01\0\0\xef\x06", 20}; // 3,096
  const std::string hello{"\xca\x48\xcd\xc9\xc9\x07\0", 7};
  const std::string hello_again{"\x02\x13\0\0", 4}; // which refers to the one before
  client.send({opcode_text, many_as, true, true, compressed});
  EXPECT_EQ(client.read().reserved, compressed);
  for (const auto& each : {hello, hello_again}) {
    client.send({opcode_text, each, true, true, compressed});
    EXPECT_EQ(client.read(), (websocket_frame{opcode_text, "hello", true, false}));
  }
}

TEST_P(WebSocket, CompressesALongMessageInPieces) {
  websocket_client client{port(), "/socket", {{"Sec-WebSocket-Extensions", "permessage-deflate"}}};
  client.send_text(std::string(100'000, 'x'));
  const auto first = client.read(), last = client.read();
  EXPECT_EQ(first, (websocket_frame{opcode_text, first.data, false, false, 4}));
  EXPECT_EQ(last, (websocket_frame{opcode_more, last.data, true, false}));
  EXPECT_LT(first.data.size() + last.data.size(), 1000U);
}

TEST_P(WebSocket, TakesNoMemoryForALengthThatACompressedFrameOnlyClaims) {
  for (const char* length : {"\x00\x00\x00\x02", "\x00\x00\x01\x00", "\x7f\xff\xff\xff"}) {
    http_connection connection{port()};
    const auto answer =
      connection.exchange(handshake("/socket", {{"Sec-WebSocket-Extensions", "permessage-deflate"}}));
    ASSERT_EQ(answer.status, 101);
    connection.send("\xc2\xff" + std::string{length, 4} + std::string(8, '\0') + "\x02");
    EXPECT_TRUE(eventually([&] { return open_sockets() == 1; }));
    connection.reset();
    EXPECT_TRUE(eventually([&] { return open_sockets() == 0; }));
  }
}

TEST_P(WebSocket, IsPingedAndLostWhenNothingComesBack) {
  start({"--http-websocket-idle-timeout", "1s"});
  websocket_client client{port(), "/socket"};
  EXPECT_EQ(client.read().opcode, opcode_ping);
  EXPECT_TRUE(client.connection().closed_by_server());
  EXPECT_TRUE(eventually([&] { return open_sockets() == 0; }));
}

TEST_P(WebSocket, IsClosedWhenTheGatewayStops) {
  websocket_client client{port(), "/socket"};
  client.send_text("x");
  client.read();
  gateway_->signal(SIGTERM);
  EXPECT_EQ(client.read_close(), 1001);
  client.send_close(1001);
  EXPECT_TRUE(client.connection().closed_by_server());
  EXPECT_TRUE(gateway_->wait());
}

TEST_P(WebSocket, ThatIsNotReadHoldsUpItsHandlerAndIsLostInTheEnd) {
  start({"--http-write-timeout", "300ms", "--http-min-transfer-rate", "0"});
  websocket_client client{port(), "/flood"};
  EXPECT_EQ(client.answer().status, 101);
  EXPECT_TRUE(eventually([&] {
    const auto counts = get(port(), "/counts").json();
    return counts["produced"] > 0 && counts["producers"] == 0;
  }));
  EXPECT_LT(get(port(), "/counts").json()["produced"], 64 * 1024 * 1024);
}

} // namespace
} // namespace troupe::test
