// Idempotency keys: requests that are sent again, while the first one is in work, after its answer, and when the node
// that had it is gone.
#include "tests/e2e/backend_fixture.hpp"
#include "tests/e2e/http_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/problem.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

namespace troupe::test {
namespace {

class a_shop : public with_database {
protected:
  void SetUp() override {
    with_database::SetUp();
    if (IsSkipped())
      return;
    front_ = std::make_unique<gateway>(options({"--no-local-workers", "--http-handler-timeout", "10s"}));
    for (const auto* name : {"w0", "w1"})
      workers_.push_back(std::make_unique<worker>(*front_, name, options({})));
    ASSERT_TRUE(wait_for_nodes(*front_, {"w0", "w1"}));
    ASSERT_EQ((http_client{front_->http_port()}.send({"PUT", "/table", std::string{}, {}}).status), 204);
  }

  node_options options(std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--storage", storage_url(), "--cluster-failure-timeout", "1s", "--cluster-slow-start", "0s"});
    return {"orders-node",
            std::move(flags),
            {{"ORDERS_FILE", file("begun").string()}, {"ORDERS_GATE", file("gate").string()}}};
  }

  std::filesystem::path file(const char* name) { return folder_.path() / name; }

  static http_request order(const std::string& key, std::string body = "one", std::string target = "/orders") {
    return {"POST", std::move(target), std::move(body), {{"Idempotency-Key", key}, {"Content-Type", "text/plain"}}};
  }

  http_response send(const http_request& what) { return http_client{front_->http_port()}.send(what); }

  /// The keys of all requests that were begun, in order.
  std::vector<std::string> begun() {
    std::istringstream lines{std::filesystem::exists(file("begun")) ? read_file(file("begun")) : ""};
    std::vector<std::string> out;
    for (std::string line; std::getline(lines, line);)
      out.push_back(line);
    return out;
  }
  [[nodiscard]] bool wait_until_begun(std::size_t count) {
    return eventually([&] { return begun().size() >= count; });
  }
  void open_gate() { std::ofstream{file("gate")}; }

  std::int64_t rows() { return get(front_->http_port(), "/orders").json()["rows"]; }

  /// The worker that has the only request that is in work.
  worker& busy_one() {
    std::size_t at = 0;
    EXPECT_TRUE(eventually([&] {
      for (at = 0; at < workers_.size(); ++at)
        if (const auto found = find_node(*front_, workers_[at]->name()); found && found->outstanding == 1)
          return true;
      return false;
    }));
    return *workers_.at(std::min(at, workers_.size() - 1));
  }

  std::unique_ptr<gateway> front_;
  std::vector<std::unique_ptr<worker>> workers_;
};

TEST_P(a_shop, makes_an_order_once_whichever_node_is_asked_again) {
  std::vector<http_response> made;
  const auto key_of = [](std::size_t i) { return "key-" + std::to_string(i); };
  const auto expect_the_same = [&](std::size_t i) {
    const auto same = send(order(key_of(i)));
    EXPECT_EQ(same.status, 201) << same;
    EXPECT_EQ(same.header("Idempotency-Replayed"), "true");
    EXPECT_EQ(same.header("Location"), "/orders/" + key_of(i));
    EXPECT_EQ(same.body, made.at(i).body);
  };
  for (std::size_t i = 0; i < 20; ++i) {
    made.push_back(send(order(key_of(i))));
    ASSERT_EQ(made.back().status, 201) << made.back();
    EXPECT_FALSE(made.back().header("Idempotency-Replayed"));
    for (int again = 0; again < 4; ++again)
      expect_the_same(i);
  }
  const auto maker = made.front().json()["pid"].get<pid_t>();
  const auto found = std::find_if(workers_.begin(), workers_.end(), [&](auto& each) { return each->pid() == maker; });
  ASSERT_NE(found, workers_.end());
  EXPECT_EQ((*found)->stop(), exit_status{});
  for (std::size_t i = 0; i < made.size(); ++i) // by the other node, also those that it has not made
    expect_the_same(i);
  EXPECT_EQ(rows(), 20);
}

TEST_P(a_shop, refuses_requests_without_a_key_and_keys_of_other_requests) {
  auto without = order("k");
  without.headers.erase(without.headers.begin());
  EXPECT_TRUE(is_problem(send(without), 400));
  EXPECT_TRUE(is_problem(send(order(std::string(256, 'k'))), 400));
  EXPECT_TRUE(is_problem(send(order("\"k")), 400));
  EXPECT_TRUE(is_problem(send(order("k\xc3\xa4")), 400));
  EXPECT_TRUE(begun().empty());
  EXPECT_EQ(send(order("k")).status, 201);
  EXPECT_TRUE(is_problem(send(order("k", "two")), 422));
  EXPECT_EQ(rows(), 1);
}

TEST_P(a_shop, refuses_a_key_as_long_as_its_first_request_is_in_work) {
  http_connection first{front_->http_port()};
  first.send(to_bytes(order("k", "wait")));
  ASSERT_TRUE(wait_until_begun(1));
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(is_problem(send(order("k", "wait")), 409));
  open_gate();
  EXPECT_EQ(first.read().status, 201);
  EXPECT_EQ(send(order("k", "wait")).header("Idempotency-Replayed"), "true");
  EXPECT_EQ(rows(), 1);
}

TEST_P(a_shop, makes_the_order_of_a_client_that_has_left) {
  http_connection leaving{front_->http_port()};
  leaving.send(to_bytes(order("k", "wait")));
  ASSERT_TRUE(wait_until_begun(1));
  leaving.reset();
  ASSERT_TRUE(eventually([&] { return outstanding(*front_) == 0; }));
  open_gate();
  http_response again;
  EXPECT_TRUE(eventually([&] { return (again = send(order("k", "wait"))).status != 409; }));
  EXPECT_EQ(again.status, 201) << again;
  EXPECT_EQ(again.header("Idempotency-Replayed"), "true");
  EXPECT_EQ(begun().size(), 1u);
}

TEST_P(a_shop, has_another_node_go_on_at_once_when_the_one_at_work_is_killed) {
  http_connection client{front_->http_port()};
  client.send(to_bytes(order("k", "wait")));
  ASSERT_TRUE(wait_until_begun(1));
  auto& lost = busy_one();
  lost.kill();
  ASSERT_TRUE(wait_until_begun(2)) << "it is repeated, and takes the claim over";
  EXPECT_TRUE(is_problem(send(order("k", "wait")), 409)) << "of another client";
  open_gate();
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 201) << answer;
  EXPECT_NE(answer.json()["pid"], lost.pid());
  EXPECT_FALSE(answer.header("Idempotency-Replayed"));
  EXPECT_EQ(send(order("k", "wait")).body, answer.body);
  EXPECT_EQ(rows(), 1);
}

TEST_P(a_shop, leaves_nothing_of_a_transaction_whose_node_was_killed) {
  http_connection client{front_->http_port()};
  client.send(to_bytes(order("k", "wait", "/exact")));
  ASSERT_TRUE(wait_until_begun(1));
  busy_one().kill();
  ASSERT_TRUE(wait_until_begun(2));
  open_gate();
  EXPECT_EQ(client.read().status, 201);
  EXPECT_EQ(send(order("k", "wait", "/exact")).header("Idempotency-Replayed"), "true");
  EXPECT_EQ(rows(), 1);
}

TEST_P(a_shop, undoes_the_transaction_of_a_node_that_was_held_to_be_lost) {
  if (GetParam() == backend::sqlite)
    GTEST_SKIP() << "a process that is frozen keeps the file locked";
  http_connection client{front_->http_port()};
  client.send(to_bytes(order("k", "wait", "/exact")));
  ASSERT_TRUE(wait_until_begun(1));
  auto& frozen = busy_one();
  frozen.signal(SIGSTOP);
  ASSERT_TRUE(wait_until_begun(2));
  open_gate();
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 201) << answer;
  const auto open = [&] { return get(front_->http_port(), "/open-transactions").json()["n"].get<int>(); };
  EXPECT_TRUE(eventually([&] { return open() == 1; })) << "that of the frozen node is left";
  frozen.signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return open() == 0; }));
  EXPECT_EQ(send(order("k", "wait", "/exact")).body, answer.body);
  EXPECT_EQ(rows(), 1);
}

TEST_P(a_shop, makes_each_order_exactly_once_through_the_loss_of_a_node) {
  auto load = std::make_unique<load_generator>(front_->http_port(), 6, [](unsigned client, std::uint64_t number) {
    return order(std::to_string(client) + "-" + std::to_string(number), "one", "/exact");
  });
  ASSERT_TRUE(load->wait_for_answers(100, 60s));
  workers_[0]->kill();
  ASSERT_TRUE(load->wait_for_answers(100, 60s));
  const auto outcomes = load->stop();
  http_client http{front_->http_port()};
  int failed = 0;
  for (const auto& each : outcomes) {
    failed += each.response.status == 201 ? 0 : 1;
    http_response again;
    EXPECT_TRUE(eventually([&] {
      again = http.send(each.request);
      return again.status != 409 && again.status < 500;
    }, 60s)) << again;
    EXPECT_EQ(again.status, 201) << again;
    if (each.response.status == 201) {
      EXPECT_EQ(again.body, each.response.body);
      EXPECT_EQ(again.header("Idempotency-Replayed"), "true");
    }
  }
  figure("orders_made_through_a_loss", outcomes.size());
  figure("orders_that_had_to_be_sent_again", failed);
  const auto counted = get(front_->http_port(), "/orders").json();
  EXPECT_EQ(counted["rows"], outcomes.size());
  EXPECT_EQ(counted["keys"], outcomes.size());
}

TROUPE_ON_EACH_BACKEND(a_shop);

} // namespace
} // namespace troupe::test
