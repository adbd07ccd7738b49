// Routes of every kind through real nodes: the gateway's own, and those that a worker brings.
#include "tests/support/child_process.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/problem.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

void expect_all_kinds_of_routes(std::uint16_t port) {
  http_client http{port};
  struct {
    const char* method;
    const char* target;
    const char* body;
  } cases[] = {
      {"GET", "/api/v1/users/7", "by-id GET id=7"},
      {"GET", "/api/v1/users/me", "me GET"},
      {"POST", "/api/v1/users/7", "by-name POST name=7"},
      {"GET", "/api/v1/admin", "admin GET"},
      {"GET", "/files/a/b%2Fc%20d", "file GET path=a/b/c d"},
      {"GET", "/files/", "file GET path="},
      {"PUT", "/files/a", "write PUT path=a"},
      {"PATCH", "/files/a", "write PATCH path=a"},
      {"POST", "/echo", "post POST"},
      {"DELETE", "/echo", "any DELETE"},
      {"OPTIONS", "/echo", "any OPTIONS"},
  };
  for (const auto& each : cases)
    EXPECT_EQ(http.send({each.method, each.target, {}, {}}).body, each.body)
        << each.method << " " << each.target;
  EXPECT_TRUE(is_problem(http.get("/files"), 404));
  EXPECT_TRUE(is_problem(http.get("/api/v1/users/x"), 405));
  const auto refused = http.send({"DELETE", "/api/v1/users/7", {}, {}});
  EXPECT_TRUE(is_problem(refused, 405));
  EXPECT_EQ(refused.header("Allow"), "GET, HEAD, POST, OPTIONS");
  const auto options = http.send({"OPTIONS", "/files/a", {}, {}});
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "GET, HEAD, PUT, PATCH, OPTIONS");
}

TEST(Routing, AGatewayServesAllKindsOfRoutes) {
  gateway node{node_options{"routes-node", {}, {}}};
  expect_all_kinds_of_routes(node.http_port());
}

TEST(Routing, AWorkerBringsAllKindsOfRoutes) {
  gateway front{node_options{"routes-node", {"--no-local-workers"}, {}}};
  worker back{front, "back", node_options{"routes-node", {}, {}}};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  expect_all_kinds_of_routes(front.http_port());
}

TEST(Routing, WrongRoutesAreToldWithTheirPlacesBeforeTheStart) {
  const auto result = run_to_end({program_path("misrouted-node").string(), {"gateway"}, {}, {}});
  EXPECT_EQ(result.status, (exit_status{2, 0}));
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "misrouted-node: service \"a\" (misrouted_node.cpp:15): route pattern \"users\": a "
            "pattern begins with /\n"
            "misrouted-node: route GET /users/{id} of service \"a\" (misrouted_node.cpp:16) and "
            "GET /users/{name} of service \"b\" (misrouted_node.cpp:17) match the same requests\n");
}

} // namespace
} // namespace troupe::test
