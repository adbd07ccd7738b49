// Limits and deadlines of the HTTP side, each set so low that a test can reach it.
#include "tests/e2e/http_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/problem.hpp"

namespace troupe::test {
namespace {

/// Sends byte after byte until the server answers.
http_response answer_to_trickle(http_connection& connection) {
  EXPECT_TRUE(eventually([&] {
    if (!connection.quiet())
      return true;
    connection.send("x");
    return false;
  }));
  return connection.read();
}

TEST(HttpLimits, ABodyLargerThanAllowedGets413) {
  gateway node{with_flags({"--http-max-body-bytes", "1000"})};
  auto exchange = [&](const std::string& bytes) {
    return http_connection{node.http_port()}.exchange(bytes);
  };
  EXPECT_EQ(exchange(echo(std::string(1000, 'x'))).status, 200);
  EXPECT_TRUE(is_problem(exchange(echo(std::string(1001, 'x'))), 413));
  // Before the body has come, and for a length that fits no buffer.
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\n";
  EXPECT_TRUE(is_problem(exchange(head + "Content-Length: 1001\r\n\r\n"), 413));
  EXPECT_TRUE(is_problem(exchange(head + "Content-Length: 9223372036854775807\r\n\r\n"), 413));
  std::string chunks = head + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i)
    chunks += "64\r\n" + std::string(100, 'x') + "\r\n";
  EXPECT_TRUE(is_problem(exchange(chunks), 413));
}

TEST(HttpLimits, ATargetLongerThanAllowedGets414) {
  gateway node{with_flags({"--http-max-target-bytes", "100"})};
  http_client http{node.http_port()};
  EXPECT_EQ(http.get("/" + std::string(99, 'x')).status, 404);
  EXPECT_TRUE(is_problem(http.get("/" + std::string(100, 'x')), 414));
  EXPECT_TRUE(is_problem(http.get("/" + std::string(100'000, 'x')), 414));
}

TEST(HttpLimits, AHeaderSectionLargerThanAllowedGets431) {
  gateway node{with_flags({"--http-max-header-bytes", "1024", "--http-max-headers", "8"})};
  auto with_fields = [&](int count, std::size_t size) {
    http_request request;
    for (int i = 0; i < count; ++i)
      request.headers.emplace_back("X-" + std::to_string(i), std::string(size, 'x'));
    return http_client{node.http_port()}.send(request);
  };
  EXPECT_EQ(with_fields(7, 1).status, 200) << "seven and Host";
  EXPECT_TRUE(is_problem(with_fields(8, 1), 431));
  EXPECT_TRUE(is_problem(with_fields(1, 1024), 431));
  EXPECT_TRUE(is_problem(with_fields(3, 400), 431));
  EXPECT_TRUE(is_problem(with_fields(1, 500'000), 431));
}

TEST(HttpLimits, TheDefaultsTellALongTargetFromALongHeader) {
  gateway node;
  http_client http{node.http_port()};
  EXPECT_TRUE(is_problem(http.get("/" + std::string(10'000, 'x')), 414));
  EXPECT_TRUE(is_problem(http.get("/" + std::string(40'000, 'x')), 414));
  for (std::size_t size : {16'500U, 40'000U})
    EXPECT_TRUE(is_problem(http.send({"GET", "/", {}, {{"X", std::string(size, 'x')}}}), 431))
        << size;
}

TEST(HttpLimits, AHeadThatDoesNotEndGets408) {
  gateway node{with_flags({"--http-head-timeout", "150ms"})};
  http_connection connection{node.http_port()};
  connection.send("GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(is_problem(connection.read(), 408));
  EXPECT_TRUE(connection.closed_by_server());
}

TEST(HttpLimits, AHeadThatTricklesInDoesNotPutTheDeadlineOff) {
  gateway node{with_flags({"--http-head-timeout", "150ms"})};
  http_connection connection{node.http_port()};
  connection.send("GET / HTTP/1.1\r\nX: ");
  EXPECT_TRUE(is_problem(answer_to_trickle(connection), 408));
}

TEST(HttpLimits, ABodyThatDoesNotEndGets408) {
  gateway node{with_flags({"--http-body-timeout", "150ms"})};
  http_connection connection{node.http_port()};
  connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_TRUE(is_problem(connection.read(), 408));
  EXPECT_TRUE(connection.closed_by_server());
}

TEST(HttpLimits, AnIdleConnectionIsClosedWithoutAWord) {
  gateway node{with_flags({"--http-idle-timeout", "150ms"})};
  http_connection connection{node.http_port(), 3s}; // far less than any other timeout of the node
  EXPECT_EQ(connection.exchange(get_bytes("/")).status, 200);
  EXPECT_TRUE(connection.closed_by_server());
}

TEST(HttpLimits, ASlowHandlerIsNotAnIdleConnection) {
  gateway node{with_flags({"--http-idle-timeout", "50ms", "--http-head-timeout", "50ms",
                           "--http-body-timeout", "50ms", "--http-write-timeout", "50ms"})};
  EXPECT_EQ(get(node.http_port(), "/sleep?ms=300").status, 200);
}

TEST(HttpLimits, AHandlerThatTakesTooLongGets504AndTheConnectionGoesOn) {
  gateway node{with_flags({"--http-handler-timeout", "100ms"})};
  http_connection connection{node.http_port()};
  connection.send(get_bytes("/sleep?ms=60000") + get_bytes("/"));
  EXPECT_TRUE(is_problem(connection.read(), 504));
  EXPECT_EQ(connection.read().status, 200);
}

TEST(HttpLimits, AClientThatTakesNoAnswersIsGivenUp) {
  gateway node{with_flags({"--http-write-timeout", "150ms"})};
  http_connection connection{node.http_port()};
  const auto request = echo(std::string(500'000, 'x'));
  try {
    for (int i = 0; i < 1000; ++i)
      connection.send(request);
    FAIL() << "the gateway has taken 500 MB whose answers nobody reads";
  } catch (const connection_error& problem) {
    EXPECT_TRUE(std::string{problem.what()}.starts_with("send: ")) << problem.what();
  }
  EXPECT_EQ(get(node.http_port(), "/").status, 200);
}

TEST(HttpLimits, ConnectionsBeyondTheLimitAreRefusedUntilOneEnds) {
  gateway node{with_flags({"--http-max-connections", "2", "--threads", "1"})};
  auto first = std::make_unique<http_connection>(node.http_port());
  http_connection second{node.http_port()};
  EXPECT_EQ(first->exchange(get_bytes("/")).status, 200);
  EXPECT_EQ(second.exchange(get_bytes("/")).status, 200);

  EXPECT_TRUE(is_problem(http_connection{node.http_port()}.exchange(get_bytes("/")), 503));
  first.reset();
  EXPECT_TRUE(eventually([&] { return get(node.http_port(), "/").status == 200; }));
  EXPECT_EQ(second.exchange(get_bytes("/")).status, 200);
}

TEST(HttpLimits, TheLimitOfConnectionsIsForTheNodeAndNotForEachOfItsThreads) {
  gateway node{with_flags({"--http-max-connections", "2", "--threads", "4"})};
  std::vector<http_connection> connections;
  int served = 0;
  for (int i = 0; i < 40; ++i) {
    connections.emplace_back(node.http_port());
    served += connections.back().exchange(get_bytes("/")).status == 200 ? 1 : 0;
  }
  EXPECT_EQ(served, 2);
}

TEST(HttpLimits, AClientHasNoMoreConnectionsThanOneMay) {
  gateway node{with_flags({"--http-max-connections-per-client", "2", "--threads", "2"})};
  auto first = std::make_unique<http_connection>(node.http_port());
  http_connection second{node.http_port()};
  EXPECT_EQ(first->exchange(get_bytes("/")).status, 200);
  EXPECT_EQ(second.exchange(get_bytes("/")).status, 200);
  const auto refused = http_connection{node.http_port()}.exchange(get_bytes("/"));
  EXPECT_TRUE(is_problem(refused, 429));
  EXPECT_EQ(refused.header("Retry-After"), "1");
  first.reset();
  EXPECT_TRUE(eventually([&] { return get(node.http_port(), "/").status == 200; }));
}

TEST(HttpLimits, AConnectionCarriesNoMoreRequestsThanItMay) {
  gateway node{with_flags({"--http-max-requests-per-connection", "3"})};
  http_connection connection{node.http_port()};
  connection.send(get_bytes("/") + get_bytes("/") + get_bytes("/") + get_bytes("/"));
  EXPECT_EQ(connection.read().header("Connection"), std::nullopt);
  EXPECT_EQ(connection.read().header("Connection"), std::nullopt);
  EXPECT_EQ(connection.read().header("Connection"), "close");
  EXPECT_TRUE(connection.closed_by_server());
}

TEST(HttpLimits, ABodyThatKeepsThePaceHasItsTime) {
  gateway node{with_flags({"--http-body-timeout", "50ms", "--http-min-transfer-rate", "100"})};
  http_connection connection{node.http_port()};
  connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 101\r\n\r\n"
                  + std::string(100, 'x')); // good for a second
  EXPECT_EQ(get(node.http_port(), "/sleep?ms=300").status, 200);
  connection.send("x");
  EXPECT_EQ(connection.read().status, 200);
}

TEST(HttpLimits, ABodyThatTricklesInDoesNotPutTheDeadlineOff) {
  gateway node{with_flags({"--http-body-timeout", "150ms", "--http-min-transfer-rate", "0"})};
  http_connection connection{node.http_port()};
  connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_TRUE(is_problem(answer_to_trickle(connection), 408));
}

TEST(HttpLimits, ABodyForWhichTheNodeHasNoRoomGets503) {
  gateway node{with_flags({"--http-max-buffered-bytes", "1MiB", "--http-max-body-bytes", "8MiB",
                           "--threads", "1"})};
  const std::string half(512 * 1024, 'x');
  http_connection first{node.http_port()};
  first.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 524289\r\n\r\n"
             + half);
  const auto refused = http_connection{node.http_port()}.exchange(echo(std::string(4 << 20, 'x')));
  EXPECT_TRUE(is_problem(refused, 503));
  EXPECT_EQ(refused.header("Connection"), "close");
  first.send("x"); // what was there before is served
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(http_connection{node.http_port()}.exchange(echo("x")).status, 200);
}

TEST(HttpLimits, ARouteWithAllPlacesTakenQueuesThenRefusesAndTheOthersGoOn) {
  gateway node{with_flags(
    {"--http-max-in-work", "1", "--http-max-queued", "1", "--threads", "1"})};
  auto in_work = std::make_unique<http_connection>(node.http_port());
  in_work->send(get_bytes("/sleep?ms=60000"));
  EXPECT_EQ(get(node.http_port(), "/").status, 200) << "another route; and the first one has begun";
  http_connection waiting{node.http_port()};
  waiting.send(get_bytes("/sleep?ms=0"));
  EXPECT_EQ(get(node.http_port(), "/").status, 200);
  const auto refused = get(node.http_port(), "/sleep?ms=0");
  EXPECT_TRUE(is_problem(refused, 503));
  EXPECT_TRUE(refused.header("Retry-After"));
  EXPECT_TRUE(waiting.quiet());
  in_work->reset(); // its handler ends with it
  EXPECT_EQ(waiting.read().status, 200);
  EXPECT_EQ(get(node.http_port(), "/sleep?ms=0").status, 200);
}

TEST(HttpLimits, WhatWaitsForAPlaceGets504InTime) {
  gateway node{with_flags({"--http-max-in-work", "1", "--http-handler-timeout", "150ms",
                           "--threads", "1"})};
  http_connection connection{node.http_port()};
  connection.send(get_bytes("/sleep?ms=60000") + get_bytes("/sleep?ms=60000"));
  EXPECT_TRUE(is_problem(connection.read(), 504));
  EXPECT_TRUE(is_problem(connection.read(), 504));
  EXPECT_EQ(connection.exchange(get_bytes("/sleep?ms=0")).status, 200);
}

} // namespace
} // namespace troupe::test
