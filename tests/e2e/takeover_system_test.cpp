// A gateway that takes over from another one at the same address.
#include "tests/support/figure.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node.hpp"

#include <gtest/gtest.h>
#include <memory>

namespace troupe::test {
namespace {

constexpr int restarts = 10;

gateway_ports fixed_ports() {
  return {free_port(), free_port(), free_port()};
}

node_options sharing() {
  return with_flags({"--share-address"});
}

TEST(Takeover, TenRestartsUnderLoadFailNoRequest) {
  const auto ports = fixed_ports();
  auto current = std::make_unique<gateway>(sharing(), ports);
  // Half of the clients keep their connections, the other half makes a new one for each request.
  load_generator load{ports.http, 8, [](unsigned client, std::uint64_t) {
                        http_request out{"GET", "/", {}, {}};
                        if (client % 2 == 1)
                          out.headers.emplace_back("Connection", "close");
                        return out;
                      }};
  for (int i = 0; i < restarts; ++i) {
    ASSERT_TRUE(load.wait_for_answers(200));
    auto next = std::make_unique<gateway>(sharing(), ports);
    const auto ended = current->stop();
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, 0);
    current = std::move(next);
  }
  ASSERT_TRUE(load.wait_for_answers(200));
  std::size_t failed = 0;
  const auto outcomes = load.stop();
  for (const auto& each : outcomes)
    if (each.response.status != 200) {
      ++failed;
      ADD_FAILURE() << each << (each.request.headers.empty() ? ", kept alive" : ", on its own");
    }
  figure("requests during 10 restarts", outcomes.size());
  figure("failed", failed);
}

TEST(Takeover, TheNewGatewayWaitsForTheClusterAddress) {
  const auto ports = fixed_ports();
  auto old = std::make_unique<gateway>(with_flags({"--share-address", "--no-local-workers"}), ports);
  worker one{*old, "one"};
  ASSERT_TRUE(one.joined());
  const auto from = one.log_size();
  gateway next{with_flags({"--share-address", "--no-local-workers"}), ports};
  EXPECT_TRUE(next.wait_for_message("cluster address .* belongs to another gateway: waiting for its end"));
  old->stop();
  EXPECT_TRUE(one.joined(soon, from));
  EXPECT_EQ(get(ports.http, "/").status, 200);
}

TEST(Takeover, IsRefusedToAGatewayThatDoesNotSayThatItMeansTo) {
  const gateway old{sharing()};
  const auto at = "127.0.0.1:" + std::to_string(old.http_port());
  const auto result =
    run_to_end({program_path("troupe-demo").string(), {"gateway", "--listen", at}, {}, {}});
  EXPECT_NE(result.err.find(at + ": cannot listen there"), std::string::npos) << result.err;
}

} // namespace
} // namespace troupe::test
