// Worker nodes that join, serve and leave.
#include "tests/e2e/http_fixture.hpp"
#include "tests/e2e/ledger.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/file_descriptor.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/problem.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

namespace troupe::test {
namespace {

const node_options ledger_options{"ledger-node", {}, {{"LEDGER_FILE", "ledger"}}};

TEST(Cluster, RequestsReachTheGatewayAndAllThreeWorkers) {
  ledger_cluster cluster{3};
  auto load = cluster.start_load();
  ASSERT_TRUE(load->wait_for_answers(500));
  std::set<pid_t> answered;
  auto outcomes = load->stop();
  for (const auto& each : outcomes) {
    ASSERT_EQ(each.response.status, 200) << each;
    answered.insert(each.response.json()["pid"].get<pid_t>());
  }
  EXPECT_EQ(answered, cluster.pids());
  auto nodes = nodes_of(cluster.front());
  ASSERT_EQ(nodes.size(), 4U);
  EXPECT_TRUE(nodes[0].local);
  std::int64_t sum = 0;
  for (const auto& each : nodes) {
    EXPECT_GT(each.answered, 0) << each.name;
    EXPECT_EQ(each.outstanding, 0) << each.name;
    sum += each.answered;
  }
  EXPECT_EQ(sum, static_cast<std::int64_t>(outcomes.size()));
  expect_exactly_once(outcomes, cluster.ledger());
}

TEST(Cluster, ServesWhateverThreadHasItsConnections) {
  for (const auto& [one, other] : {std::pair{"loop", "thread"}, {"thread", "loop"}}) {
    gateway front{with_flags({"--no-local-workers", "--threads", "3", "--cluster-io", one})};
    worker back{front, "back", with_flags({"--threads", "3", "--cluster-io", other})};
    ASSERT_TRUE(wait_for_nodes(front, {"back"}));
    http_client client{front.http_port()};
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(client.get("/").status, 200);
    EXPECT_EQ(back.stop(), exit_status{});
    ASSERT_TRUE(wait_until_gone(front, "back"));
    EXPECT_EQ(front.stop(), exit_status{});
  }
}

TEST(Cluster, BothSidesLogAJoin) {
  gateway front;
  worker back{front, "back"};
  EXPECT_TRUE(back.wait_for_message("joined gateway " + front.cluster_address()));
  EXPECT_TRUE(front.wait_for_message("worker node back joined: \\d+ services, \\d+ routes"));
  auto listed = find_node(front, "back");
  ASSERT_TRUE(listed);
  EXPECT_FALSE(listed->local);
  EXPECT_EQ(listed->services.size(), nodes_of(front).at(0).services.size());
}

/// An address that takes a connection attempt and never says anything, as a machine that is off.
class black_hole {
public:
  black_hole() : listener_(0) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(listener_.port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 4; ++i) { // nobody accepts: the queue is full, further attempts are dropped
      file_descriptor client{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
      ::connect(client.get(), reinterpret_cast<sockaddr*>(&where), sizeof where);
      clients_.push_back(std::move(client));
    }
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(listener_.port); }

private:
  loopback_listener listener_;
  std::vector<file_descriptor> clients_;
};

TEST(Cluster, AWorkerIsNotHeldUpByAGatewayThatSwallowsItsPackets) {
  black_hole hole;
  auto front = std::make_unique<gateway>();
  const auto ports = front->ports();
  worker back{hole.address(), "back", with_flags({"--join", front->cluster_address()})};
  ASSERT_TRUE(wait_for_nodes(*front, {"back"}));
  ASSERT_TRUE(back.wait_for_message("gateway " + hole.address()
                                    + " cannot be reached, trying on: no answer in time"));
  front->kill();
  ASSERT_TRUE(front->wait());
  front = std::make_unique<gateway>(node_options{}, ports);
  ASSERT_TRUE(wait_for_nodes(*front, {"back"}));
  EXPECT_EQ(back.stop(soon), exit_status{}) << back.log_text();
}

TEST(Cluster, AWorkerBringsRoutesThatTheGatewayDoesNotKnow) {
  gateway front;
  http_client http{front.http_port()};
  EXPECT_TRUE(is_problem(http.get("/ledger"), 404));
  worker back{front, "back", ledger_options};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  EXPECT_EQ(http.get("/ledger").json()["pid"], back.pid());
  EXPECT_EQ(http.post_text("/ledger/a%20key", "", "text/plain").json()["key"], "a key");
  EXPECT_TRUE(is_problem(http.remove("/ledger"), 405));
  EXPECT_EQ(http.get("/").body, "Hello, async world!");
}

TEST(Cluster, AGatewayWithoutWorkersOfItsOwnServesThroughOthers) {
  gateway front{with_flags({"--no-local-workers"})};
  http_client http{front.http_port()};
  EXPECT_TRUE(is_problem(http.get("/"), 503)); // not 404: nobody knows yet
  EXPECT_EQ(get(front.admin_port(), "/readyz").status, 503);
  for (const auto& each : nodes_of(front))
    EXPECT_TRUE(each.services.empty()) << each.name;
  worker back{front, "back"};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  EXPECT_EQ(http.get("/").body, "Hello, async world!");
  EXPECT_EQ(get(front.admin_port(), "/readyz").status, 200);
  EXPECT_EQ(http.head("/").header("Content-Length"), "19");
  std::string large(900'000, 'x');
  EXPECT_TRUE(http.post_text("/echo", large, "text/plain").body == large);
  EXPECT_TRUE(is_problem(http.get("/sleep?ms=x"), 400));
  EXPECT_EQ(http.post("/users", {{"name", "Ada"}, {"email", "ada@remote.test"}}).status, 201);
}

TEST(Cluster, PipelinedRequestsStayInOrderWhicheverNodeAnswers) {
  gateway front;
  worker first{front, "first"};
  worker second{front, "second"};
  ASSERT_TRUE(wait_for_nodes(front, {"first", "second"}));
  http_connection connection{front.http_port()};
  for (int round = 0; round < 30; ++round) {
    std::string bytes;
    for (int i = 0; i < 16; ++i)
      bytes += i % 5 == 0 ? get_bytes("/sleep?ms=" + std::to_string(5 + i))
                          : echo(std::to_string(round * 16 + i));
    connection.send(bytes);
    for (int i = 0; i < 16; ++i) {
      auto response = connection.read();
      ASSERT_EQ(response.status, 200);
      if (i % 5 == 0)
        ASSERT_EQ(response.json()["requested_ms"], 5 + i);
      else
        ASSERT_EQ(response.body, std::to_string(round * 16 + i));
    }
  }
  for (const auto& each : nodes_of(front))
    EXPECT_GT(each.answered, 0) << each.name;
}

TEST(Cluster, AWorkerThatIsToldToStopLosesNoRequest) {
  ledger_cluster cluster{3};
  auto load = cluster.start_load();
  ASSERT_TRUE(load->wait_for_answers(300));
  for (std::size_t i : {0U, 1U, 2U}) {
    EXPECT_EQ(cluster.at(i).stop(), exit_status{}) << cluster.at(i).log_text();
    EXPECT_TRUE(wait_until_gone(cluster.front(), cluster.at(i).name()));
    ASSERT_TRUE(load->wait_for_answers(200));
  }
  auto outcomes = load->stop();
  for (const auto& each : outcomes)
    EXPECT_EQ(each.response.status, 200) << each;
  expect_exactly_once(outcomes, cluster.ledger());
  EXPECT_TRUE(cluster.front().wait_for_message("worker node w0 left"));
  EXPECT_FALSE(cluster.front().wait_for_message("worker node w0 lost", 0ms));
}

TEST(Cluster, RoutesWhoseOnlyNodeIsGoneAnswer503UntilItReturns) {
  gateway front;
  http_client http{front.http_port()};
  {
    worker back{front, "back", ledger_options};
    ASSERT_TRUE(wait_for_nodes(front, {"back"}));
    EXPECT_EQ(http.get("/ledger").status, 200);
    EXPECT_EQ(back.stop(), exit_status{});
    ASSERT_TRUE(wait_until_gone(front, "back"));
    EXPECT_TRUE(is_problem(http.get("/ledger"), 503));
    EXPECT_TRUE(is_problem(http.post_text("/ledger/x", "", "text/plain"), 503));
    EXPECT_EQ(http.get("/").status, 200);
  }
  worker again{front, "again", ledger_options};
  ASSERT_TRUE(wait_for_nodes(front, {"again"}));
  EXPECT_EQ(http.get("/ledger").status, 200);
}

TEST(Cluster, AWorkerServesSeveralGateways) {
  gateway first;
  gateway second;
  worker back{first, "back", node_options{"ledger-node", {"--join", second.cluster_address()}, {}}};
  ASSERT_TRUE(wait_for_nodes(first, {"back"}));
  ASSERT_TRUE(wait_for_nodes(second, {"back"}));
  EXPECT_EQ(get(first.http_port(), "/ledger").json()["pid"], back.pid());
  EXPECT_EQ(get(second.http_port(), "/ledger").json()["pid"], back.pid());
  ASSERT_TRUE(back.wait_for_message("joined gateway " + first.cluster_address()));
  first.kill();
  EXPECT_TRUE(back.lost(first));
  EXPECT_EQ(get(second.http_port(), "/ledger").status, 200);
}

TEST(Cluster, AWorkerIsToldOfAllGateways) {
  gateway first{with_flags({"--no-local-workers"})};
  worker back{first, "back"};
  gateway second{with_flags({"--no-local-workers", "--peers", first.cluster_address()})};
  ASSERT_TRUE(wait_for_nodes(second, {"back"})) << back.log_text();
  // The third one is told of to the second, and the first to it.
  gateway third{with_flags({"--no-local-workers", "--peers", second.cluster_address()})};
  ASSERT_TRUE(wait_for_nodes(third, {"back"})) << back.log_text();
  EXPECT_TRUE(first.wait_for_message("gateway .* has joined, at " + third.cluster_address())) << first.log_text();
  for (auto* each : {&second, &third}) // each has joined each
    EXPECT_TRUE(each->wait_for_message("gateway .* has joined, at " + first.cluster_address())) << each->log_text();
  first.kill();
  for (auto* each : {&second, &third}) {
    EXPECT_TRUE(each->wait_for_message("gateway " + first.cluster_address() + " lost")) << each->log_text();
    EXPECT_EQ(get(each->http_port(), "/").status, 200);
    EXPECT_EQ(nodes_of(*each).size(), 1U) << "it has joined once";
  }
  EXPECT_EQ(back.stop(), exit_status{}) << back.log_text();
}

TEST(Cluster, AWorkerMayStartBeforeItsGateway) {
  gateway_ports ports;
  {
    gateway earlier;
    ports = earlier.ports();
  }
  worker back{"127.0.0.1:" + std::to_string(ports.cluster), "back", ledger_options};
  gateway front{{}, ports};
  EXPECT_TRUE(wait_for_nodes(front, {"back"}));
}

} // namespace
} // namespace troupe::test
