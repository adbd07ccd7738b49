#include "tests/e2e/ledger.hpp"

#include <gtest/gtest.h>
#include <sstream>
#include <stdexcept>

namespace troupe::test {

namespace {

constexpr unsigned clients = 16;

http_request next_request(unsigned client, std::uint64_t number) {
  if (client % 2 == 0)
    return {"GET", "/ledger", {}, {}};
  auto key = std::to_string(client) + "-" + std::to_string(number);
  return {"POST", "/ledger/" + key, std::string{}, {}};
}

} // namespace

ledger_cluster::ledger_cluster(int workers) {
  front_ = std::make_unique<gateway>(options());
  for (int i = 0; i < workers; ++i)
    workers_.push_back(std::make_unique<worker>(*front_, "w" + std::to_string(i), options()));
  if (!wait_for_nodes(*front_, names()))
    throw std::runtime_error{"not all worker nodes joined:\n" + front_->log_text()};
}

std::vector<std::string> ledger_cluster::names() const {
  std::vector<std::string> all;
  for (const auto& each : workers_)
    all.push_back(each->name());
  return all;
}

void ledger_cluster::restart_gateway() {
  auto ports = front_->ports();
  front_.reset();
  front_ = std::make_unique<gateway>(options(), ports);
}

std::unique_ptr<load_generator> ledger_cluster::start_load() const {
  return std::make_unique<load_generator>(front_->http_port(), clients, next_request);
}

std::vector<std::string> ledger_cluster::ledger() const {
  std::istringstream lines{read_file(folder_.path() / "ledger")};
  std::vector<std::string> keys;
  for (std::string line; std::getline(lines, line);)
    keys.push_back(line);
  return keys;
}

std::set<pid_t> ledger_cluster::pids() const {
  std::set<pid_t> all{front_->pid()};
  for (const auto& each : workers_)
    all.insert(each->pid());
  return all;
}

node_options ledger_cluster::options() const {
  return {"ledger-node", {}, {{"LEDGER_FILE", (folder_.path() / "ledger").string()}}};
}

std::string key_of(const outcome& post) {
  return post.request.target.substr(post.request.target.rfind('/') + 1);
}

void expect_exactly_once(const std::vector<outcome>& outcomes,
                         const std::vector<std::string>& ledger) {
  std::set<std::string> ran;
  for (const auto& key : ledger)
    EXPECT_TRUE(ran.insert(key).second) << "POST " << key << " ran twice";
  for (const auto& each : outcomes)
    if (each.request.method == "POST" && each.response.status == 200)
      EXPECT_TRUE(ran.contains(key_of(each))) << "answered but never ran: " << each;
}

} // namespace troupe::test
