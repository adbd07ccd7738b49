// SIGTERM and SIGINT: no new connections, what is in flight is finished, then exit 0.
#include "tests/e2e/http_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node_list.hpp"

#include <csignal>

namespace troupe::test {
namespace {

/// Connections whose request is at work in the node: its own list says so.
std::vector<http_connection> requests_in_flight(const gateway& node, int count,
                                                const std::string& target) {
  std::vector<http_connection> waiting;
  for (int i = 0; i < count; ++i) {
    waiting.emplace_back(node.http_port());
    waiting.back().send(get_bytes(target));
  }
  EXPECT_TRUE(eventually([&] { return outstanding(node) == count; }));
  return waiting;
}

bool refuses_connections(const gateway& node) {
  try {
    http_connection{node.http_port()};
    return false;
  } catch (const connection_error&) {
    return true;
  }
}

class ShutdownBy : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(, ShutdownBy, testing::Values(SIGTERM, SIGINT), [](const auto& chosen) {
  return chosen.param == SIGTERM ? "Sigterm" : "Sigint";
});

TEST_P(ShutdownBy, WhatIsInFlightIsFinishedAndTheNodeExitsWith0) {
  gateway node;
  auto waiting = requests_in_flight(node, 50, "/sleep?ms=400");
  node.signal(GetParam());
  for (auto& connection : waiting) {
    auto response = connection.read();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.json()["requested_ms"], 400);
    EXPECT_TRUE(connection.closed_by_server());
  }
  EXPECT_EQ(node.wait(), exit_status{}) << node.log_text();
}

TEST(Shutdown, UnderLoadNoAnswerIsCutOff) {
  gateway node;
  load_generator load{node.http_port(), 8, [](unsigned client, std::uint64_t number) {
                        if (client % 2 == 0)
                          return http_request{"GET", "/sleep?ms=3", {}, {}};
                        return http_request{"POST", "/echo", std::to_string(number), {}};
                      }};
  ASSERT_TRUE(load.wait_for_answers(500));
  EXPECT_EQ(node.stop(), exit_status{}) << node.log_text();
  for (const auto& each : load.stop()) {
    EXPECT_FALSE(each.partial) << each;
    if (each.response.status != 0) {
      EXPECT_EQ(each.response.status, 200) << each;
    }
    if (each.response.status != 0 && each.request.method == "POST") {
      EXPECT_EQ(each.response.body, *each.request.body);
    }
  }
}

TEST(Shutdown, RequestsThatArePipelinedBehindASlowOneAreAnsweredToo) {
  gateway node;
  http_connection connection{node.http_port()};
  connection.send(get_bytes("/sleep?ms=300") + echo("second") + echo("third"));
  ASSERT_TRUE(eventually([&] { return outstanding(node) >= 1; }));
  node.signal(SIGTERM);
  EXPECT_EQ(connection.read().json()["requested_ms"], 300);
  EXPECT_EQ(connection.read().body, "second");
  EXPECT_EQ(connection.read().body, "third");
  EXPECT_TRUE(connection.closed_by_server());
  EXPECT_EQ(node.wait(), exit_status{});
}

TEST(Shutdown, NewConnectionsAreRefusedWhileOldOnesFinish) {
  gateway node;
  auto waiting = requests_in_flight(node, 1, "/sleep?ms=2000");
  node.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return refuses_connections(node); }));
  EXPECT_TRUE(node.running()) << "the request is still at work";
  EXPECT_EQ(waiting.front().read().status, 200);
  EXPECT_EQ(node.wait(), exit_status{});
}

TEST(Shutdown, IdleConnectionsDoNotDelayTheExit) {
  gateway node{with_flags({"--drain-timeout", "5m"})};
  std::vector<http_connection> idle;
  for (int i = 0; i < 20; ++i) {
    idle.emplace_back(node.http_port());
    if (i % 2 == 0) {
      EXPECT_EQ(idle.back().exchange(get_bytes("/")).status, 200);
    }
  }
  EXPECT_EQ(node.stop(), exit_status{}) << "within a tenth of the drain timeout";
  for (auto& connection : idle)
    EXPECT_TRUE(connection.closed_by_server());
}

TEST(Shutdown, EachKeptAliveConnectionGetsItsNextAnswerWithAFarewell) {
  gateway node;
  std::vector<http_connection> connections;
  for (int i = 0; i < 1000; ++i) {
    connections.emplace_back(node.http_port());
    ASSERT_EQ(connections.back().exchange(get_bytes("/")).status, 200);
  }
  node.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return refuses_connections(node); }));
  for (auto& each : connections)
    each.send(get_bytes("/"));
  for (auto& each : connections) {
    const auto answer = each.read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(each.closed_by_server());
  }
  EXPECT_EQ(node.wait(), exit_status{}) << node.log_text();
}

TEST(Shutdown, ConnectionsThatKeepSendingGetAFarewellWithinOneAnswer) {
  gateway node;
  load_generator load{node.http_port(), 50, [](unsigned, std::uint64_t number) {
                        return http_request{"POST", "/echo", std::to_string(number), {}};
                      }};
  ASSERT_TRUE(load.wait_for_answers(1000));
  EXPECT_EQ(node.stop(), exit_status{}) << node.log_text();
  for (const auto& each : load.stop()) {
    EXPECT_FALSE(each.partial) << each;
    if (each.response.status != 0) {
      EXPECT_EQ(each.response.body, *each.request.body);
    }
  }
}

TEST(Shutdown, AHalfSentRequestDoesNotDelayTheExit) {
  gateway node{with_flags({"--drain-timeout", "5m", "--http-head-timeout", "5m"})};
  http_connection connection{node.http_port()};
  EXPECT_EQ(connection.exchange(get_bytes("/")).status, 200);
  connection.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(node.stop(), exit_status{}) << node.log_text();
}

TEST(Shutdown, ARequestWhoseBodyIsOnItsWayIsAnsweredAndTheConnectionThenClosed) {
  gateway node{with_flags({"--drain-timeout", "5m", "--http-idle-timeout", "5m"})};
  http_connection connection{node.http_port()};
  auto interim = connection.exchange(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(interim.status, 100) << "the head has been read";
  connection.send("bo");
  node.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return refuses_connections(node); }));
  auto response = connection.exchange("dy");
  EXPECT_EQ(response.body, "body");
  EXPECT_EQ(response.header("Connection"), "close");
  EXPECT_EQ(node.wait(), exit_status{}) << node.log_text();
}

TEST(Shutdown, AHandlerThatDoesNotEndIsGivenUpAfterTheDrainTimeout) {
  gateway node{with_flags({"--drain-timeout", "200ms"})};
  auto waiting = requests_in_flight(node, 1, "/sleep?ms=60000");
  EXPECT_EQ(node.stop(), exit_status{}) << node.log_text();
}

TEST(Shutdown, ABackgroundTaskDoesNotDelayTheExit) {
  gateway node{with_flags({"--drain-timeout", "5m"})};
  http_client http{node.http_port()};
  EXPECT_EQ(http.post("/tasks", {{"ms", 60'000}}).status, 202);
  EXPECT_EQ(node.stop(), exit_status{}) << node.log_text();
}

TEST(Shutdown, ASecondStartOnTheSamePortsSucceedsAtOnce) {
  gateway_ports ports;
  {
    gateway first;
    http_client http{first.http_port()};
    EXPECT_EQ(http.get("/").status, 200);
    ports = first.ports();
    EXPECT_EQ(first.stop(), exit_status{});
  }
  gateway second{{}, ports};
  EXPECT_EQ(get(second.http_port(), "/").status, 200);
}

} // namespace
} // namespace troupe::test
