// Keyed actors with persistence: what was acknowledged survives kill -9 of the node.
#include "tests/e2e/backend_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node.hpp"
#include "tests/support/postgres_database.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

constexpr unsigned clients = 8;
constexpr std::size_t increments = 10'000;

class KeyedActors : public with_database {
protected:
  [[nodiscard]] std::unique_ptr<gateway> start_node() const {
    return std::make_unique<gateway>(node_options{"runtime-node", {"--storage", storage_url()}, {}});
  }

  static std::int64_t balance(const gateway& node, const std::string& key) {
    const auto answer = get(node.http_port(), "/accounts/" + key);
    EXPECT_EQ(answer.status, 200) << answer;
    return answer.json()["balance"];
  }
};

TEST_P(KeyedActors, KeepWhatWasAcknowledgedBeforeTheNodeWasKilled) {
  auto node = start_node();
  load_generator load{node->http_port(), clients, [](unsigned client, std::uint64_t) {
                        return http_request{
                            "POST", "/accounts/" + std::string(1, client % 2 == 0 ? 'a' : 'b'), {}, {}};
                      }};
  ASSERT_TRUE(load.wait_for_answers(increments, 60s));
  node->kill();
  std::map<std::string, std::int64_t> acknowledged, unknown;
  for (const auto& each : load.stop()) {
    const auto key = each.request.target.substr(each.request.target.rfind('/') + 1);
    if (each.response.status == 200)
      ++acknowledged[key];
    else
      ++unknown[key]; // in flight, or refused after the end
  }
  node.reset();
  auto again = start_node();
  std::int64_t sum = 0;
  for (const std::string key : {"a", "b"}) {
    const auto value = balance(*again, key);
    EXPECT_GE(value, acknowledged[key]);
    // At most one request of each client was under way.
    EXPECT_LE(value, acknowledged[key] + std::min<std::int64_t>(unknown[key], clients / 2));
    sum += value;
    figure("acknowledged_" + key, acknowledged[key]);
    figure("after_restart_" + key, value);
  }
  EXPECT_GE(sum, static_cast<std::int64_t>(increments));
}

TEST_P(KeyedActors, AreEndedWhenIdleAndFoundAgainAsTheyWere) {
  auto node = start_node();
  http_client http{node->http_port()};
  EXPECT_EQ(http.post("/accounts/x").json()["balance"], 1);
  const auto listed = [&] {
    return get(node->admin_port(), "/_troupe/actors").body.find("accounts/x") != std::string::npos;
  };
  EXPECT_TRUE(listed());
  EXPECT_TRUE(eventually([&] { return !listed(); })); // idle for 200 ms
  EXPECT_EQ(http.post("/accounts/x").json()["balance"], 2);
  EXPECT_EQ(balance(*node, "x"), 2);
  EXPECT_EQ(balance(*node, "nobody"), 0);
}

TROUPE_ON_EACH_BACKEND(KeyedActors);

} // namespace
} // namespace troupe::test
