// Who calls at the cluster's address and is no node: with TLS and without.
#include "tests/e2e/cluster_pki.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/http_connection.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/process_figures.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <list>

namespace troupe::test {
namespace {

/// A gateway and a worker that is joined, before and after.
class AStranger : public testing::TestWithParam<bool> {
protected:
  AStranger() : front_{with({}, flags("gateway"))}, back_{front_, "back", with({}, flags("worker"))} {
    EXPECT_TRUE(wait_for_nodes(front_, {"back"})) << back_.log_text();
  }

  void TearDown() override {
    EXPECT_TRUE(find_node(front_, "back"));
    EXPECT_FALSE(back_.wait_for_message("lost gateway .*", 0ms));
    EXPECT_EQ(get(front_.http_port(), "/").status, 200);
    worker later{front_, "later", with({}, flags("later"))};
    EXPECT_TRUE(wait_for_nodes(front_, {"back", "later"})) << later.log_text();
  }

  [[nodiscard]] std::vector<std::string> flags(const std::string& name) {
    return GetParam() ? pki_.issue(name).flags() : std::vector<std::string>{};
  }

  [[nodiscard]] std::size_t lines_with(const std::string& words) const {
    std::size_t count = 0;
    for (const auto& each : front_.log())
      count += each["message"].get<std::string>().find(words) != std::string::npos ? 1 : 0;
    return count;
  }

  /// Says it, and waits for the end of the connection.
  void call(const std::string& noise) {
    http_connection connection{front_.ports().cluster};
    try {
      connection.send(noise);
      static_cast<void>(connection.was_reset()); // reads to the end, however that comes
    } catch (const connection_error&) {
      // It may hang up before it has taken everything.
    }
  }

  cluster_pki pki_;
  gateway front_;
  worker back_;
};

TEST_P(AStranger, WhoTalksNonsenseIsPartedWithInALineASecond) {
  const auto begun = std::chrono::steady_clock::now();
  constexpr std::size_t calls = 60;
  for (std::size_t i = 0; i < calls / 3; ++i)
    for (const auto& noise : {std::string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n"}, std::string(100'000, '\xff'),
                              std::string(6, '\x07')})
      call(noise);
  ASSERT_TRUE(front_.wait_for_message("cluster: parted with 127\\.0\\.0\\.1:\\d+: it does not speak .*"))
      << front_.log_text();
  const auto lines = lines_with("cluster: parted with");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begun).count();
  EXPECT_LE(lines, static_cast<std::size_t>(seconds) + 1) << front_.log_text();
}

// Headers that CAF itself would have believed: it looks for a payload that is not there, or makes room for 4 GiB.
TEST_P(AStranger, WhoSendsAHeaderThatCafWouldBelieveIsPartedWith) {
  const auto before = figures_of(front_.pid()).resident_bytes;
  const std::string zeros(28, '\0');
  for (const auto& beginning : {std::string("\x01\0\0\0", 4), std::string("\0\0\0\0", 4), std::string("\x02\0\0\0", 4)})
    call(beginning + zeros);
  for (const auto operation : {'\0', '\x01', '\x02', '\x03', '\x04', '\x05', '\x06'})
    call(std::string{operation, '\0', '\0', '\0', '\xff', '\xff', '\xff', '\xff'} + std::string(24, '\x01'));
  EXPECT_LT(figures_of(front_.pid()).resident_bytes, before + growth_of(64ULL * 1024 * 1024));
}

TEST_P(AStranger, WhoSaysNothingIsPartedWithAndCostsNothingUntilThen) {
  http_connection silent{front_.ports().cluster};
  http_connection slow{front_.ports().cluster};
  slow.send(GetParam() ? "\x16" : std::string(1, '\x01')); // as a node begins, and no more
  const auto before = figures_of(front_.pid()).cpu_time;
  ASSERT_TRUE(front_.wait_for_message("cluster: parted with .*: it has not said in time who it is"))
      << front_.log_text();
  EXPECT_TRUE(silent.closed_by_server());
  EXPECT_TRUE(slow.closed_by_server());
  EXPECT_LT(figures_of(front_.pid()).cpu_time - before, scaled(1s)); // of the five that it has waited
}

// As load balancers and monitors do, all the time.
TEST_P(AStranger, WhoOnlyLooksWhetherThePortIsOpenIsNotTold) {
  for (int i = 0; i < 5; ++i) {
    http_connection probe{front_.ports().cluster};
    probe.shut_down_sending();
    EXPECT_TRUE(probe.closed_by_server());
  }
  EXPECT_EQ(lines_with("cluster: parted with"), 0U) << front_.log_text();
}

TEST_P(AStranger, SoManyThatSayNothingDoNotKeepNodesOut) {
  std::list<http_connection> silent;
  for (int i = 0; i < 300; ++i)
    silent.emplace_back(front_.ports().cluster);
  EXPECT_TRUE(front_.wait_for_message(
      "cluster: parted with .*: more than 256 connections have not said who they are.*"));
  EXPECT_TRUE(silent.front().closed_by_server());
  worker other{front_, "other", with({}, flags("other"))};
  EXPECT_TRUE(wait_for_nodes(front_, {"other"})) << other.log_text();
}

INSTANTIATE_TEST_SUITE_P(Without, AStranger, testing::Values(false), [](const auto&) { return "Tls"; });
INSTANTIATE_TEST_SUITE_P(With, AStranger, testing::Values(true), [](const auto&) { return "Tls"; });

} // namespace
} // namespace troupe::test
