// The admin listener: health, readiness and the list of nodes, on a port of its own.
#include "tests/e2e/http_fixture.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/problem.hpp"

#include <algorithm>

namespace troupe::test {
namespace {

using nlohmann::json;

class Admin : public with_gateway {};

TEST_F(Admin, ANodeThatRunsIsHealthyAndReady) {
  auto health = get(node().admin_port(), "/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.json(), (json{{"status", "ok"}}));
  auto readiness = get(node().admin_port(), "/readyz");
  EXPECT_EQ(readiness.status, 200);
  EXPECT_EQ(readiness.json(), (json{{"status", "ready"}}));
}

TEST_F(Admin, TheListShowsTheGatewaysOwnNodeWithItsServicesAndRoutes) {
  auto nodes = nodes_of(node());
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_TRUE(nodes[0].local);
  EXPECT_NE(nodes[0].name, "");
  EXPECT_GE(nodes[0].capacity, 1);
  EXPECT_EQ(nodes[0].outstanding, 0);
  auto serves = [&](const std::string& route) {
    return std::any_of(nodes[0].services.begin(), nodes[0].services.end(), [&](const auto& each) {
      return std::count(each.routes.begin(), each.routes.end(), route) == 1;
    });
  };
  for (const char* route : {"GET /", "POST /tasks", "DELETE /users/{id}", "POST /echo"})
    EXPECT_TRUE(serves(route)) << route;
  const auto* counters = nodes[0].service("counters");
  ASSERT_NE(counters, nullptr);
  EXPECT_TRUE(counters->singleton);
}

TEST_F(Admin, TheListCountsWhatWasAnswered) {
  auto before = nodes_of(node()).at(0).answered;
  auto http = client();
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(http.get("/").status, 200);
  EXPECT_EQ(nodes_of(node()).at(0).answered, before + 10);
}

TEST_F(Admin, ThePortForUsersDoesNotServeIt) {
  for (const char* target : {"/healthz", "/readyz", "/_troupe/nodes"})
    EXPECT_TRUE(is_problem(get(node().http_port(), target), 404)) << target;
}

TEST_F(Admin, ItRefusesAsTheOtherPortDoes) {
  EXPECT_TRUE(is_problem(get(node().admin_port(), "/no-such-path"), 404));
  http_client http{node().admin_port()};
  auto response = http.post("/healthz", {{"x", 1}});
  EXPECT_TRUE(is_problem(response, 405));
  EXPECT_NE(response.header("Allow"), std::nullopt);
}

TEST_F(Admin, ACommandIsAPostThatDoesNotComeFromAPage) {
  http_client http{node().admin_port()};
  const std::string target = "/_troupe/nodes/nobody/drain";
  const auto unknown = http.post(target);
  EXPECT_TRUE(is_problem(unknown, 404));
  EXPECT_EQ(unknown.json()["detail"], "no worker node \"nobody\" is joined, nor any other");
  EXPECT_TRUE(is_problem(http.get(target), 405));
  for (const char* origin : {"https://evil.example", "null"})
    EXPECT_TRUE(is_problem(http.send({"POST", target, {}, {{"Origin", origin}}}), 403)) << origin;
}

TEST_F(Admin, TheListOfRoutesNamesTheNodesOfEach) {
  const auto own = nodes_of(node()).at(0).name;
  const auto listed = get(node().admin_port(), "/_troupe/routes").json();
  std::size_t found = 0;
  for (const auto& each : listed.at("routes")) {
    EXPECT_EQ(each.at("nodes"), (json{own})) << each;
    found += each.at("route") == "GET /users/{id}" && each.at("service") == "users" ? 1U : 0U;
  }
  EXPECT_EQ(found, 1U);
}

TEST_F(Admin, HeadIsAnsweredWithoutABody) {
  http_client http{node().admin_port()};
  EXPECT_EQ(http.head("/healthz").status, 200);
  EXPECT_EQ(http.get("/healthz").status, 200);
}

} // namespace
} // namespace troupe::test
