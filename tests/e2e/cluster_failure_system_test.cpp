// Nodes that stop without ending, networks that swallow packets, and nodes that only fail.
#include "tests/e2e/http_fixture.hpp"
#include "tests/e2e/ledger.hpp"
#include "tests/support/cutting_proxy.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/problem.hpp"

#include <csignal>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

/// Short, so that the tests are; long for a machine that is busy. Nodes that come back count at once.
const std::vector<std::string> short_timeout{"--cluster-failure-timeout", "1s", "--cluster-slow-start", "0s"};

class a_cluster_of_two : public ::testing::Test {
protected:
  /// Each worker reaches the gateway through `through_`, if there is one.
  void start(std::map<std::string, std::string> environment_of_first = {}) {
    auto flags = short_timeout;
    flags.emplace_back("--no-local-workers");
    front_ = std::make_unique<gateway>(options(flags));
    const auto first = through_ ? "127.0.0.1:" + std::to_string(through_->port()) : front_->cluster_address();
    workers_.push_back(std::make_unique<worker>(first, "w0", options(short_timeout, environment_of_first)));
    workers_.push_back(std::make_unique<worker>(front_->cluster_address(), "w1", options(short_timeout)));
    ASSERT_TRUE(wait_for_nodes(*front_, {"w0", "w1"}));
  }

  node_options options(std::vector<std::string> flags, std::map<std::string, std::string> environment = {}) {
    environment["LEDGER_FILE"] = (folder_.path() / "ledger").string();
    return {"ledger-node", std::move(flags), std::move(environment)};
  }

  std::unique_ptr<load_generator> start_load() {
    return std::make_unique<load_generator>(front_->http_port(), 8, [](unsigned client, std::uint64_t number) {
      const auto key = std::to_string(client) + "-" + std::to_string(number);
      return client % 2 == 0 ? http_request{"GET", "/ledger", {}, {}}
                             : http_request{"PUT", "/ledger/" + key, std::string{}, {}};
    });
  }

  /// From `start` on.
  static void tell(const char* name, deadline::clock::time_point start) {
    figure(name, std::chrono::duration_cast<milliseconds>(deadline::clock::now() - start).count());
  }

  static void expect_all_answered(const std::vector<outcome>& outcomes) {
    for (const auto& each : outcomes)
      EXPECT_EQ(each.response.status, 200) << each;
  }

  /// Both answer again, as who does is of chance.
  void expect_both_serve() {
    std::set<pid_t> seen;
    EXPECT_TRUE(eventually([&] {
      seen.insert(get(front_->http_port(), "/ledger").json()["pid"].get<pid_t>());
      return seen.size() == 2;
    }));
  }

  temp_directory folder_;
  std::unique_ptr<gateway> front_;
  std::unique_ptr<cutting_proxy> through_;
  std::vector<std::unique_ptr<worker>> workers_;
};

TEST_F(a_cluster_of_two, gives_a_frozen_worker_up_and_takes_it_back_when_it_goes_on) {
  start();
  auto load = start_load();
  ASSERT_TRUE(load->wait_for_answers(200));
  const auto frozen = deadline::clock::now();
  workers_[0]->signal(SIGSTOP);
  ASSERT_TRUE(wait_until_gone(*front_, "w0"));
  tell("frozen_worker_given_up_after_ms", frozen);
  EXPECT_TRUE(front_->wait_for_message("worker node w0 lost"));
  ASSERT_TRUE(load->wait_for_answers(200));
  const auto thawed = deadline::clock::now();
  workers_[0]->signal(SIGCONT);
  ASSERT_TRUE(wait_for_nodes(*front_, {"w0"}));
  tell("frozen_worker_back_after_ms", thawed);
  EXPECT_TRUE(workers_[0]->lost(*front_)) << workers_[0]->log_text();
  ASSERT_TRUE(load->wait_for_answers(200));
  expect_all_answered(load->stop());
  const auto page = metrics_at(front_->admin_port());
  EXPECT_GT(page.sum("troupe_http_requests_repeated_total", {{"reason", "retry"}}), 0) << "those that it had";
  EXPECT_EQ(page.sum("troupe_http_requests_repeated_total", {{"reason", "hedge"}}), 0);
  expect_both_serve();
}

TEST_F(a_cluster_of_two, carries_nothing_out_when_it_goes_on_that_another_node_has_been_given) {
  start();
  workers_[0]->signal(SIGSTOP);
  auto load = std::make_unique<load_generator>(front_->http_port(), 8, [](unsigned client, std::uint64_t number) {
    return http_request{"PUT", "/ledger/" + std::to_string(client) + "-" + std::to_string(number), std::string{}, {}};
  });
  ASSERT_TRUE(wait_until_gone(*front_, "w0"));
  ASSERT_TRUE(load->wait_for_answers(50));
  const auto outcomes = load->stop();
  for (const auto& each : outcomes) {
    EXPECT_EQ(each.response.status, 200) << each;
    EXPECT_EQ(each.response.json()["pid"], workers_[1]->pid()) << each;
  }
  workers_[0]->signal(SIGCONT);
  ASSERT_TRUE(wait_for_nodes(*front_, {"w0"}));
  expect_both_serve();
  std::map<std::string, int> times;
  std::ifstream ledger{folder_.path() / "ledger"};
  for (std::string key; std::getline(ledger, key);)
    EXPECT_EQ(++times[key], 1) << key;
  EXPECT_EQ(times.size(), outcomes.size());
}

TEST_F(a_cluster_of_two, is_whole_again_when_its_frozen_gateway_goes_on) {
  start();
  front_->signal(SIGSTOP);
  for (const auto& each : workers_)
    EXPECT_TRUE(each->lost(*front_)) << each->log_text();
  front_->signal(SIGCONT);
  for (const auto& each : workers_)
    EXPECT_TRUE(each->joined(soon, each->log_size() - 1)) << each->log_text();
  ASSERT_TRUE(wait_for_nodes(*front_, {"w0", "w1"}));
  expect_both_serve();
}

TEST(a_cluster, that_loses_packets_gives_the_worker_up_and_takes_it_back) {
  auto flags = short_timeout;
  flags.emplace_back("--no-local-workers");
  const auto port = free_port();
  cutting_proxy between{port};
  const auto address = "127.0.0.1:" + std::to_string(between.port());
  flags.insert(flags.end(), {"--advertise", address}); // else the worker would be told of the way past the proxy
  gateway front{{"ledger-node", flags, {}}, {0, port, 0}};
  worker back{address, "back", {"ledger-node", short_timeout, {}}};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  EXPECT_EQ(get(front.http_port(), "/ledger").status, 200);
  http_connection waiting{front.http_port()};
  between.hold();
  waiting.send(get_bytes("/ledger"));
  EXPECT_TRUE(wait_until_gone(front, "back"));
  EXPECT_TRUE(is_problem(waiting.read(), 502)) << "there is no other node";
  EXPECT_TRUE(is_problem(get(front.http_port(), "/ledger"), 503));
  EXPECT_TRUE(back.wait_for_message("lost gateway .*")) << back.log_text();
  between.release();
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  EXPECT_EQ(get(front.http_port(), "/ledger").json()["pid"], back.pid());
}

TEST_F(a_cluster_of_two, stays_together_while_it_has_nothing_to_do) {
  start();
  // Three timeouts of silence, but for the signs of life.
  EXPECT_FALSE(front_->wait_for_message("worker node w. lost", 3s));
  EXPECT_EQ(get(front_->http_port(), "/ledger").status, 200);
}

TEST_F(a_cluster_of_two, spares_a_worker_that_only_fails_all_but_few_requests) {
  start({{"LEDGER_VERDICT", "503"}});
  http_client http{front_->http_port()};
  int failed = 0;
  for (int i = 0; i < 200; ++i)
    failed += http.get("/judge").status == 200 ? 0 : 1;
  // Five in a row, which what others answer between them does not change, and its probes.
  EXPECT_GE(failed, 5);
  EXPECT_LE(failed, 20);
  EXPECT_TRUE(front_->wait_for_message("node w0 has failed too often in a row: .*")) << front_->log_text();
}

TEST_F(a_cluster_of_two, repeats_what_is_idempotent_and_nothing_else_when_a_worker_is_killed) {
  start();
  auto load = std::make_unique<load_generator>(front_->http_port(), 9, [](unsigned client, std::uint64_t number) {
    const auto key = std::to_string(client) + "-" + std::to_string(number);
    const char* methods[] = {"GET", "PUT", "POST"};
    return http_request{methods[client % 3], client % 3 == 0 ? "/ledger" : "/ledger/" + key, std::string{}, {}};
  });
  ASSERT_TRUE(load->wait_for_answers(200));
  workers_[0]->kill();
  ASSERT_TRUE(wait_until_gone(*front_, "w0"));
  ASSERT_TRUE(load->wait_for_answers(100));
  int lost_posts = 0;
  for (const auto& each : load->stop())
    if (each.request.method == "POST" && each.response.status != 200) {
      EXPECT_TRUE(is_problem(each.response, 502)) << each;
      ++lost_posts;
    } else {
      EXPECT_EQ(each.response.status, 200) << each;
    }
  figure("posts_lost_with_their_worker", lost_posts);
}

TEST_F(a_cluster_of_two, sends_a_worker_no_more_than_it_takes) {
  auto flags = short_timeout;
  flags.insert(flags.end(), {"--no-local-workers", "--threads", "1", "--drain-timeout", "0s"});
  front_ = std::make_unique<gateway>(with_flags(flags));
  worker back{*front_, "back", with_flags({"--threads", "1", "--max-in-work", "2", "--drain-timeout", "0s"})};
  ASSERT_TRUE(wait_for_nodes(*front_, {"back"}));
  http_connection first{front_->http_port()}, second{front_->http_port()};
  first.send(get_bytes("/sleep?ms=60000"));
  second.send(get_bytes("/sleep?ms=60000"));
  ASSERT_TRUE(eventually([&] { return outstanding(*front_) == 2; }));
  const auto refused = get(front_->http_port(), "/");
  EXPECT_TRUE(is_problem(refused, 503));
  EXPECT_TRUE(refused.header("Retry-After")) << refused;
  EXPECT_NE(refused.body.find("as much in work as they take"), std::string::npos) << refused;
}

} // namespace
} // namespace troupe::test
