// Nodes that die without a word.
#include "tests/e2e/http_fixture.hpp"
#include "tests/e2e/ledger.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/problem.hpp"

#include <csignal>

namespace troupe::test {
namespace {

/// What the specification promises for a lost worker node.
constexpr milliseconds forgotten_within = 100ms;
/// What it promises for a gateway that was started again.
constexpr milliseconds back_within = 2s;

milliseconds since(deadline::clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(deadline::clock::now() - start);
}

TEST(LostWorker, EveryGetIsAnsweredNoPostRunsTwiceAndEachFailedPostGets502) {
  ledger_cluster cluster{3};
  auto load = cluster.start_load();
  ASSERT_TRUE(load->wait_for_answers(300));
  milliseconds slowest{0};
  for (std::size_t i : {0U, 1U, 2U}) {
    auto killed = deadline::clock::now();
    cluster.at(i).kill();
    ASSERT_TRUE(wait_until_gone(cluster.front(), cluster.at(i).name()));
    auto gone_after = since(killed);
    EXPECT_LE(gone_after, scaled(forgotten_within)) << cluster.at(i).name();
    slowest = std::max(slowest, gone_after);
    ASSERT_TRUE(load->wait_for_answers(300));
    EXPECT_TRUE(cluster.front().wait_for_message("worker node " + cluster.at(i).name() + " lost"));
  }
  auto outcomes = load->stop();
  int failed = 0;
  for (const auto& each : outcomes) {
    if (each.request.method == "GET") {
      EXPECT_EQ(each.response.status, 200) << each;
    } else if (each.response.status != 200) {
      EXPECT_TRUE(is_problem(each.response, 502)) << each;
      ++failed;
    }
  }
  expect_exactly_once(outcomes, cluster.ledger());
  figure("lost_worker_answers", static_cast<long long>(outcomes.size()));
  figure("lost_worker_failed_posts", failed);
  figure("lost_worker_gone_after_ms", slowest.count());
  EXPECT_GT(failed, 0) << "no POST was under way on a killed node: the test has shown nothing";
}

TEST(LostWorker, ItsRoutesAnswer503) {
  gateway front;
  worker back{front, "back", node_options{"ledger-node", {}, {}}};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  back.kill();
  ASSERT_TRUE(wait_until_gone(front, "back"));
  http_client http{front.http_port()};
  EXPECT_TRUE(is_problem(http.get("/ledger"), 503));
  EXPECT_EQ(http.get("/").status, 200);
}

TEST(LostWorker, AGetThatNobodyElseCanAnswerIsToldSoAtOnce) {
  gateway front{with_flags({"--no-local-workers"})};
  worker back{front, "back"};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  http_connection waiting_get{front.http_port()};
  waiting_get.send(get_bytes("/sleep?ms=60000"));
  ASSERT_TRUE(eventually([&] { return outstanding(front) == 1; }));
  back.kill();
  auto response = waiting_get.read();
  EXPECT_TRUE(response.status == 502 || response.status == 503) << response;
  EXPECT_TRUE(is_problem(response, response.status));
}

TEST(LostGateway, ItsWorkersAreBackWithin2sOfItsRestartWithoutARestartOfTheirs) {
  ledger_cluster cluster{3};
  auto pids = cluster.pids();
  pids.erase(cluster.front().pid());
  milliseconds slowest{0};
  for (int round = 0; round < 2; ++round) {
    std::vector<std::size_t> seen;
    for (std::size_t i : {0U, 1U, 2U}) {
      ASSERT_TRUE(cluster.at(i).joined()) << cluster.at(i).log_text();
      seen.push_back(cluster.at(i).log_size());
    }
    cluster.front().kill();
    ASSERT_TRUE(cluster.front().wait());
    for (std::size_t i : {0U, 1U, 2U})
      ASSERT_TRUE(cluster.at(i).lost(cluster.front(), seen[i])) << cluster.at(i).log_text();
    cluster.restart_gateway();
    auto ready = deadline::clock::now();
    ASSERT_TRUE(wait_for_nodes(cluster.front(), cluster.names()));
    auto back_after = since(ready);
    EXPECT_LE(back_after, scaled(back_within));
    slowest = std::max(slowest, back_after);
    for (std::size_t i : {0U, 1U, 2U})
      ASSERT_TRUE(cluster.at(i).joined(soon, seen[i])) << cluster.at(i).log_text();
  }
  for (std::size_t i : {0U, 1U, 2U})
    EXPECT_TRUE(cluster.at(i).running());
  pids.insert(cluster.front().pid());
  EXPECT_EQ(cluster.pids(), pids);
  figure("lost_gateway_workers_back_after_ms", slowest.count());

  auto load = cluster.start_load();
  ASSERT_TRUE(load->wait_for_answers(300));
  std::set<pid_t> answered;
  for (const auto& each : load->stop()) {
    ASSERT_EQ(each.response.status, 200) << each;
    answered.insert(each.response.json()["pid"].get<pid_t>());
  }
  EXPECT_EQ(answered, pids);
}

TEST(LostGateway, AWorkerStopsWellWithoutIt) {
  gateway front;
  worker back{front, "back"};
  ASSERT_TRUE(back.joined());
  front.kill();
  ASSERT_TRUE(back.lost(front)) << back.log_text();
  EXPECT_EQ(back.stop(), exit_status{}) << back.log_text();
}

} // namespace
} // namespace troupe::test
