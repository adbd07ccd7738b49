// Which node gets a request: the same one for the same key, and a second one when the first does not answer.
#include "tests/e2e/http_fixture.hpp"
#include "tests/e2e/ledger.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/problem.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>

namespace troupe::test {
namespace {

class a_cluster_that_chooses : public ::testing::Test {
protected:
  void SetUp() override { front_ = std::make_unique<gateway>(options({"--no-local-workers"})); }

  node_options options(std::vector<std::string> flags, std::map<std::string, std::string> environment = {}) {
    environment["LEDGER_FILE"] = (folder_.path() / "ledger").string();
    flags.insert(flags.end(), {"--cluster-failure-timeout", "1s", "--cluster-slow-start", "0s"});
    return {"ledger-node", std::move(flags), std::move(environment)};
  }

  std::filesystem::path gate() { return folder_.path() / "gate"; }
  void open_gate() { std::ofstream{gate()}; }

  worker& add_worker(std::map<std::string, std::string> environment = {}) {
    const auto name = "w" + std::to_string(workers_.size());
    workers_.push_back(std::make_unique<worker>(*front_, name, options({}, std::move(environment))));
    EXPECT_TRUE(wait_for_nodes(*front_, {name})) << workers_.back()->log_text();
    return *workers_.back();
  }

  /// Which answers at /hedged when the gate is open.
  worker& add_waiting_worker() { return add_worker({{"LEDGER_GATE", gate().string()}}); }

  static std::string key(int number) { return "user-" + std::to_string(number); }

  /// By key, the process that its requests go to. Each request has a connection of its own, on any loop.
  std::map<std::string, pid_t> homes() {
    std::map<std::string, pid_t> out;
    for (int i = 0; i < 60; ++i) {
      const auto got = get(front_->http_port(), "/sessions/" + key(i));
      EXPECT_EQ(got.status, 200) << got;
      out[key(i)] = got.json()["pid"];
    }
    return out;
  }

  /// A request that goes to this node first.
  std::string hedged_for(const node& home) {
    for (const auto& [key, pid] : homes())
      if (pid == home.pid())
        return "/hedged/" + key;
    ADD_FAILURE() << "no key is at home there";
    return "/hedged/none";
  }

  pid_t home_by_field(const std::string& value) {
    const auto got = http_client{front_->http_port()}.send({"GET", "/session", {}, {{"X-Session", value}}});
    EXPECT_EQ(got.status, 200) << got;
    return got.json()["pid"];
  }

  /// How many lines of this kind the process has written.
  std::ptrdiff_t count(const std::string& what, const node& of) {
    const auto file = folder_.path() / "ledger";
    std::istringstream lines{std::filesystem::exists(file) ? read_file(file) : ""};
    std::ptrdiff_t out = 0;
    for (std::string line; std::getline(lines, line);)
      out += line == what + " " + std::to_string(of.pid()) ? 1 : 0;
    return out;
  }

  temp_directory folder_;
  std::unique_ptr<gateway> front_;
  std::vector<std::unique_ptr<worker>> workers_;
};

std::set<pid_t> pids_of(const std::map<std::string, pid_t>& homes) {
  std::set<pid_t> out;
  for (const auto& [key, pid] : homes)
    out.insert(pid);
  return out;
}

TEST_F(a_cluster_that_chooses, sends_a_key_to_the_same_node_and_moves_those_of_a_killed_one_alone) {
  for (int i = 0; i < 3; ++i)
    add_worker();
  const auto before = homes();
  EXPECT_EQ(pids_of(before).size(), 3u);
  EXPECT_EQ(homes(), before);
  for (const auto& [key, pid] : before)
    EXPECT_EQ(home_by_field(key), pid) << "all routes of the service agree on " << key;
  const auto lost = workers_[1]->pid();
  workers_[1]->kill();
  ASSERT_TRUE(wait_until_gone(*front_, "w1"));
  const auto after = homes();
  std::set<pid_t> heirs;
  for (const auto& [key, pid] : before)
    if (pid == lost)
      heirs.insert(after.at(key));
    else
      EXPECT_EQ(after.at(key), pid) << key;
  EXPECT_EQ(heirs, (std::set<pid_t>{workers_[0]->pid(), workers_[2]->pid()}));
}

TEST_F(a_cluster_that_chooses, gives_a_new_node_its_keys_and_moves_no_other) {
  add_worker();
  add_worker();
  const auto before = homes();
  const auto added = add_worker().pid();
  const auto after = homes();
  for (const auto& [key, pid] : before)
    if (after.at(key) != added)
      EXPECT_EQ(after.at(key), pid) << key;
  EXPECT_TRUE(pids_of(after).contains(added));
}

TEST_F(a_cluster_that_chooses, sends_requests_without_the_field_anywhere) {
  add_worker();
  add_worker();
  std::set<pid_t> seen;
  EXPECT_TRUE(eventually([&] {
    seen.insert(get(front_->http_port(), "/session").json()["pid"].get<pid_t>());
    return seen.size() == 2;
  }));
}

TEST_F(a_cluster_that_chooses, asks_another_node_when_the_first_one_does_not_answer) {
  auto& slow = add_waiting_worker();
  auto& quick = add_worker();
  const auto target = hedged_for(slow);
  http_client http{front_->http_port()};
  for (int i = 1; i <= 20; ++i) {
    const auto got = http.get(target);
    ASSERT_EQ(got.status, 200) << got;
    EXPECT_EQ(got.json()["pid"], quick.pid()) << "nothing opens the gate";
    EXPECT_EQ(count("came", slow), i);
  }
  EXPECT_TRUE(eventually([&] { return count("left", slow) == 20; })) << "they were given up";
  EXPECT_TRUE(eventually([&] { return outstanding(*front_) == 0; }));
  EXPECT_EQ(count("came", quick), 20);
  EXPECT_EQ(count("left", quick), 0);
  const auto page = metrics_at(front_->admin_port());
  EXPECT_EQ(page.sum("troupe_http_requests_repeated_total", {{"reason", "hedge"}}), 20);
  EXPECT_EQ(page.sum("troupe_http_requests_repeated_total"), 20);
  EXPECT_EQ(page.sum("troupe_http_requests_not_repeated_total"), 0);
}

TEST_F(a_cluster_that_chooses, asks_no_other_node_once_it_has_done_so_too_often) {
  front_ = std::make_unique<gateway>(options({"--no-local-workers", "--threads", "1"}));
  const auto& slow = add_waiting_worker();
  add_worker();
  const auto target = hedged_for(slow);
  load_generator load{front_->http_port(), 16,
                      [&](unsigned, std::uint64_t) { return http_request{"GET", target, {}, {}}; }};
  exposition page;
  EXPECT_TRUE(eventually([&] {
    page = metrics_at(front_->admin_port());
    return page.sum("troupe_http_requests_not_repeated_total") >= 16;
  })) << "at the end all of them wait for the first node";
  EXPECT_GE(page.sum("troupe_http_requests_repeated_total", {{"reason", "hedge"}}), 500);
  open_gate();
  for (const auto& each : load.stop())
    EXPECT_EQ(each.response.status, 200) << each;
}

TEST_F(a_cluster_that_chooses, leaves_what_the_own_node_has_with_it) {
  const std::map<std::string, std::string> waits{{"LEDGER_GATE", gate().string()}};
  front_ = std::make_unique<gateway>(options({"--threads", "1"}, waits));
  const auto& one = add_waiting_worker();
  const auto& other = add_waiting_worker();
  const auto for_own = hedged_for(*front_), for_one = hedged_for(one);
  const auto came = [&] { return count("came", *front_) + count("came", one) + count("came", other); };
  http_connection first{front_->http_port()}, second{front_->http_port()};
  first.send(get_bytes(for_own));
  ASSERT_TRUE(eventually([&] { return count("came", *front_) == 1; }));
  second.send(get_bytes(for_one));
  ASSERT_TRUE(eventually([&] { return came() >= 3; })) << "that is hedged";
  open_gate(); // the turn of the first one, if it had any, was before that of the second one
  EXPECT_EQ(first.read().json()["pid"], front_->pid());
  EXPECT_EQ(second.read().status, 200);
  EXPECT_EQ(came(), 3);
}

TEST_F(a_cluster_that_chooses, waits_for_the_first_node_when_the_second_one_has_failed) {
  auto& slow = add_waiting_worker();
  auto& failing = add_worker({{"LEDGER_VERDICT", "503"}});
  const auto target = hedged_for(slow);
  const auto answered = find_node(*front_, failing.name())->answered;
  http_connection client{front_->http_port()};
  client.send(get_bytes(target));
  ASSERT_TRUE(eventually([&] { return find_node(*front_, failing.name())->answered == answered + 1; }));
  EXPECT_EQ(count("came", slow), 1);
  open_gate();
  const auto got = client.read();
  EXPECT_EQ(got.status, 200) << got;
  EXPECT_EQ(got.json()["pid"], slow.pid());
  EXPECT_EQ(count("came", failing), 1);
  EXPECT_EQ(get(front_->http_port(), hedged_for(failing)).status, 503) << "before there was a second one";
}

TEST_F(a_cluster_that_chooses, gives_both_nodes_up_when_the_client_leaves) {
  auto& one = add_waiting_worker();
  auto& other = add_waiting_worker();
  http_connection client{front_->http_port()};
  client.send(get_bytes("/hedged/x"));
  ASSERT_TRUE(eventually([&] { return count("came", one) == 1 && count("came", other) == 1; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return count("left", one) == 1 && count("left", other) == 1; }));
  EXPECT_TRUE(eventually([&] { return outstanding(*front_) == 0; }));
}

TEST_F(a_cluster_that_chooses, waits_for_the_one_that_is_left_when_the_other_is_killed) {
  for (const bool the_first : {true, false}) {
    std::filesystem::remove(gate());
    auto& first = add_waiting_worker();
    auto& second = add_waiting_worker();
    http_connection client{front_->http_port()};
    client.send(get_bytes(hedged_for(first)));
    ASSERT_TRUE(eventually([&] { return count("came", first) == 1 && count("came", second) == 1; }));
    auto& lost = the_first ? first : second;
    auto& left = the_first ? second : first;
    lost.kill();
    ASSERT_TRUE(wait_until_gone(*front_, lost.name()));
    open_gate();
    const auto got = client.read();
    EXPECT_EQ(got.status, 200) << got;
    EXPECT_EQ(got.json()["pid"], left.pid());
    EXPECT_EQ(count("came", left), 1) << "it was not sent again";
    ASSERT_TRUE(left.stop());
    ASSERT_TRUE(wait_until_gone(*front_, left.name()));
  }
}

} // namespace
} // namespace troupe::test
