// Requests that are sent before the answers to earlier ones: right and in order.
#include "tests/e2e/http_fixture.hpp"

namespace troupe::test {
namespace {

class HttpPipelining : public with_gateway {};

TEST_F(HttpPipelining, SixteenAnswersComeRightAndInOrder) {
  auto connection = connect();
  for (int round = 0; round < 50; ++round) {
    std::string bytes;
    for (int i = 0; i < 16; ++i)
      bytes += echo(std::to_string(round) + "/" + std::to_string(i) + std::string(i * 7, '.'));
    connection.send(bytes);
    for (int i = 0; i < 16; ++i) {
      auto response = connection.read();
      ASSERT_EQ(response.status, 200);
      ASSERT_EQ(response.body,
                std::to_string(round) + "/" + std::to_string(i) + std::string(i * 7, '.'));
    }
  }
  EXPECT_TRUE(connection.quiet());
}

TEST_F(HttpPipelining, ASlowRequestDoesNotLetLaterOnesPass) {
  std::string bytes;
  for (int i = 0; i < 16; ++i)
    bytes += i % 3 == 0 ? get_bytes("/sleep?ms=" + std::to_string(50 - i))
                        : echo("fast " + std::to_string(i));
  auto connection = connect();
  connection.send(bytes);
  for (int i = 0; i < 16; ++i) {
    auto response = connection.read();
    ASSERT_EQ(response.status, 200);
    if (i % 3 == 0) {
      EXPECT_EQ(response.json()["requested_ms"], 50 - i);
    } else {
      EXPECT_EQ(response.body, "fast " + std::to_string(i));
    }
  }
}

TEST_F(HttpPipelining, EveryKindOfRequestAndAnswerKeepsItsPlace) {
  auto connection = connect();
  connection.send(get_bytes("/") + to_bytes({"HEAD", "/", {}, {}}) + get_bytes("/no-such-path")
                  + to_bytes({"DELETE", "/", {}, {}}) + get_bytes("/users/0")
                  + "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\n0\r\n\r\n"
                  + echo("last"));
  EXPECT_EQ(connection.read().status, 200);
  EXPECT_EQ(connection.read(true).header("Content-Length"), "19");
  EXPECT_EQ(connection.read().status, 404);
  EXPECT_EQ(connection.read().status, 405);
  EXPECT_EQ(connection.read().status, 404);
  EXPECT_EQ(connection.read().body, "abc");
  EXPECT_EQ(connection.read().body, "last");
}

TEST_F(HttpPipelining, MoreRequestsThanMayWaitAreAllAnswered) {
  constexpr int count = 1000; // far more than http.max_pipelined
  std::string bytes;
  for (int i = 0; i < count; ++i)
    bytes += echo(std::to_string(i));
  auto connection = connect();
  connection.send(bytes);
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(connection.read().body, std::to_string(i));
}

TEST_F(HttpPipelining, RequestsSplitAtAnyByteAreAnswered) {
  const auto bytes = echo("first") + get_bytes("/") + echo("third");
  for (std::size_t split = 1; split < bytes.size(); ++split) {
    auto connection = connect();
    connection.send(bytes.substr(0, split));
    connection.send(bytes.substr(split));
    ASSERT_EQ(connection.read().body, "first") << "split at " << split;
    ASSERT_EQ(connection.read().body, "Hello, async world!") << "split at " << split;
    ASSERT_EQ(connection.read().body, "third") << "split at " << split;
  }
}

TEST_F(HttpPipelining, NothingIsAnsweredAfterConnectionClose) {
  auto connection = connect();
  connection.send(echo("one") + "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                  + echo("never"));
  EXPECT_EQ(connection.read().body, "one");
  auto last = connection.read();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST_F(HttpPipelining, WhatComesBehindConnectionCloseDoesNotCostTheAnswer) {
  auto connection = connect();
  connection.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + std::string(1 << 20, 'x'));
  EXPECT_EQ(connection.read().status, 200);
  EXPECT_FALSE(connection.was_reset());
}

TEST_F(HttpPipelining, WhatCameBeforeABrokenRequestIsAnswered) {
  auto connection = connect();
  connection.send(get_bytes("/sleep?ms=30") + echo("two") + "BROKEN\r\n\r\n" + echo("never"));
  EXPECT_EQ(connection.read().json()["requested_ms"], 30);
  EXPECT_EQ(connection.read().body, "two");
  EXPECT_EQ(connection.read().status, 400);
  EXPECT_TRUE(connection.closed_by_server());
}

} // namespace
} // namespace troupe::test
