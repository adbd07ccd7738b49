// Keyed actors of the whole cluster: one for each key, wherever it is asked for, through nodes that come and go.
#include "tests/e2e/backend_fixture.hpp"
#include "tests/e2e/http_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/problem.hpp"

#include <csignal>
#include <map>
#include <memory>
#include <set>

namespace troupe::test {
namespace {

constexpr int accounts = 60;
constexpr int initial_balance = 1000;

std::string account(std::uint64_t number) {
  return "a" + std::to_string(number % accounts);
}

class a_bank : public with_database {
protected:
  void SetUp() override {
    with_database::SetUp();
    if (IsSkipped())
      return;
    front_ = std::make_unique<gateway>(options({"--no-local-workers"}));
    add_worker();
    add_worker();
  }

  node_options options(std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--storage", storage_url(), "--cluster-failure-timeout", "1s", "--cluster-slow-start", "0s"});
    return {"bank-node", std::move(flags), {}};
  }

  worker& add_worker() {
    const auto name = "w" + std::to_string(++started_);
    workers_.push_back(std::make_unique<worker>(*front_, name, options({})));
    EXPECT_TRUE(wait_for_nodes(*front_, {name})) << workers_.back()->log_text();
    return *workers_.back();
  }

  nlohmann::json show(const std::string& key) {
    const auto got = get(front_->http_port(), "/accounts/" + key);
    EXPECT_EQ(got.status, 200) << got;
    return got.json();
  }

  /// By key, the process that has its actor.
  std::map<std::string, pid_t> homes() {
    std::map<std::string, pid_t> out;
    for (int i = 0; i < accounts; ++i)
      out[account(static_cast<std::uint64_t>(i))] = show(account(static_cast<std::uint64_t>(i)))["pid"];
    return out;
  }

  static std::set<pid_t> pids_of(const std::map<std::string, pid_t>& homes) {
    std::set<pid_t> out;
    for (const auto& [key, pid] : homes)
      out.insert(pid);
    return out;
  }

  std::unique_ptr<load_generator> start_transfers() {
    return std::make_unique<load_generator>(front_->http_port(), 12, [](unsigned client, std::uint64_t number) {
      const auto from = client * 7919 + number * 31, to = from + 1 + number % (accounts - 1);
      return http_request{"POST",
                          "/transfers/" + account(from) + "/" + account(to) + "/" + std::to_string(client) + "-"
                            + std::to_string(number) + "?amount=" + std::to_string(1 + number % 9),
                          std::string{},
                          {}};
    });
  }

  /// Ends what was left half done; the sum of all accounts.
  std::int64_t settled_sum() {
    http_client http{front_->http_port()};
    std::int64_t sum = 0;
    for (int i = 0; i < accounts; ++i) {
      const auto settled = http.post_text("/settle/" + account(static_cast<std::uint64_t>(i)), "", "text/plain");
      EXPECT_EQ(settled.status, 200) << settled;
      EXPECT_TRUE(settled.json()["under_way"].empty()) << settled;
    }
    for (int i = 0; i < accounts; ++i)
      sum += show(account(static_cast<std::uint64_t>(i)))["balance"].get<std::int64_t>();
    return sum;
  }

  std::unique_ptr<gateway> front_;
  std::vector<std::unique_ptr<worker>> workers_;
  int started_ = 0;
};

TEST_P(a_bank, has_one_actor_for_each_account_whichever_node_is_asked) {
  const auto first = homes();
  EXPECT_EQ(pids_of(first), (std::set<pid_t>{workers_[0]->pid(), workers_[1]->pid()}))
    << "both have some, so whichever node is asked sends messages to the other one";
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(homes(), first);
  EXPECT_EQ(settled_sum(), accounts * initial_balance);
}

TEST_P(a_bank, moves_only_the_accounts_of_a_node_that_comes_or_goes) {
  const auto before = homes();
  auto& third = add_worker();
  std::map<std::string, pid_t> after;
  ASSERT_TRUE(eventually([&] { return pids_of(after = homes()).contains(third.pid()); }));
  for (const auto& [key, pid] : after)
    EXPECT_TRUE(pid == before.at(key) || pid == third.pid()) << key;
  EXPECT_EQ(third.stop(), exit_status{});
  EXPECT_EQ(homes(), before);
}

TEST_P(a_bank, loses_and_doubles_no_money_while_nodes_are_killed_and_added) {
  auto load = start_transfers();
  ASSERT_TRUE(load->wait_for_answers(100));
  for (int round = 0; round < 2; ++round) {
    auto& lost = *workers_[static_cast<std::size_t>(round)];
    add_worker();
    ASSERT_TRUE(load->wait_for_answers(100));
    lost.kill();
    ASSERT_TRUE(wait_until_gone(*front_, lost.name()));
    ASSERT_TRUE(load->wait_for_answers(100));
  }
  int done = 0, unknown = 0;
  for (const auto& each : load->stop()) {
    const auto status = each.response.status;
    (status == 200 ? done : unknown) += 1;
    EXPECT_TRUE(status == 200 || status == 409 || status == 422 || status == 502 || status == 503) << each;
  }
  figure("transfers_done", done);
  figure("transfers_not_known_or_refused", unknown);
  EXPECT_GT(done, 100);
  EXPECT_EQ(settled_sum(), accounts * initial_balance);
}

TEST_P(a_bank, fails_no_transfer_when_a_node_is_added_or_stopped) {
  auto load = start_transfers();
  ASSERT_TRUE(load->wait_for_answers(100));
  add_worker();
  ASSERT_TRUE(load->wait_for_answers(100));
  EXPECT_EQ(workers_[0]->stop(), exit_status{}) << workers_[0]->log_text();
  ASSERT_TRUE(load->wait_for_answers(100));
  for (const auto& each : load->stop())
    EXPECT_TRUE(each.response.status == 200 || each.response.status == 422) << each;
  EXPECT_EQ(settled_sum(), accounts * initial_balance);
}

TEST_P(a_bank, takes_messages_that_nobody_waits_for) {
  // Before, a node that has just joined may not know where keys are: who asks waits, these would be lost.
  ASSERT_EQ(pids_of(homes()).size(), 2U);
  http_client http{front_->http_port()};
  for (int i = 0; i < accounts; ++i)
    EXPECT_EQ(http.post_text("/accounts/" + account(static_cast<std::uint64_t>(i)) + "/once", "", "text/plain").status,
              202);
  EXPECT_TRUE(eventually([&] { return settled_sum() == accounts * (initial_balance + 1); }));
}

TEST_P(a_bank, tells_what_went_wrong_on_the_other_node) {
  for (int i = 0; i < 8; ++i) { // of both nodes, whichever is asked
    const auto to = "/odd/" + std::to_string(i);
    EXPECT_TRUE(is_problem(get(front_->http_port(), to + "/crash"), 500));
    const auto missing = get(front_->http_port(), to + "/missing");
    EXPECT_TRUE(is_problem(missing, 404));
    EXPECT_NE(missing.body.find("there is no such thing"), std::string::npos) << missing;
    EXPECT_TRUE(is_problem(get(front_->http_port(), to + "/pointer"), 500));
  }
  EXPECT_TRUE(workers_[0]->wait_for_message(".*cannot_travel.*") || workers_[1]->wait_for_message(".*cannot_travel.*"));
}

TROUPE_ON_EACH_BACKEND(a_bank);

} // namespace
} // namespace troupe::test
