#include "tests/support/node.hpp"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <regex>
#include <stdexcept>
#include <utility>

namespace troupe::test {

namespace {

nlohmann::json entry_of(const std::string& line) {
  auto entry = nlohmann::json::parse(line, nullptr, false);
  return entry.is_object() ? entry : nlohmann::json{};
}

std::string text_of(const nlohmann::json& entry, const char* key) {
  auto found = entry.is_object() ? entry.find(key) : entry.end();
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

bool is_sanitizer_report(const std::string& line) {
  return line.find("Sanitizer") != std::string::npos
         || line.find("runtime error:") != std::string::npos;
}

std::string address(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

} // namespace

std::filesystem::path program_path(const std::string& name) {
  const char* folder = std::getenv("TROUPE_TEST_BIN");
  if (folder == nullptr)
    throw std::runtime_error{"TROUPE_TEST_BIN must name the folder of the programs"};
  auto path = std::filesystem::path{folder} / name;
  return std::filesystem::exists(path) ? path : std::filesystem::path{folder} / "tests" / name;
}

node::node(const node_options& options, std::vector<std::string> arguments)
    : process_([&] {
        arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
        return command{program_path(options.program).string(), std::move(arguments),
                       options.environment, home_.path()};
      }()) {}

node::~node() {
  if (!killed_ && running()) {
    auto status = stop();
    EXPECT_EQ(status, exit_status{}) << "the node did not stop well:\n" << log_text();
  }
  process_.signal(SIGKILL);
  process_.err().wait_until_closed();
  for (const auto& line : process_.err().lines())
    if (is_sanitizer_report(line)) {
      ADD_FAILURE() << log_text();
      break;
    }
}

std::vector<nlohmann::json> node::log() const {
  std::vector<nlohmann::json> entries;
  for (const auto& line : process_.err().lines())
    if (auto entry = entry_of(line); entry.is_object())
      entries.push_back(std::move(entry));
  return entries;
}

std::optional<nlohmann::json> node::wait_for_message(const std::string& expression,
                                                     milliseconds limit, std::size_t from) const {
  const std::regex wanted{expression};
  auto line = process_.err().wait_for(
      [&](const std::string& text) {
        return std::regex_match(text_of(entry_of(text), "message"), wanted);
      },
      limit, from);
  return line ? std::optional{entry_of(*line)} : std::nullopt;
}

std::optional<nlohmann::json> node::wait_for_request(const std::string& request_id,
                                                     const std::string& message,
                                                     milliseconds limit) const {
  auto line = process_.err().wait_for(
      [&](const std::string& text) {
        auto entry = entry_of(text);
        return text_of(entry, "request_id") == request_id && text_of(entry, "message") == message;
      },
      limit);
  return line ? std::optional{entry_of(*line)} : std::nullopt;
}

void node::kill() {
  killed_ = true;
  process_.signal(SIGKILL);
}

std::optional<exit_status> node::stop(milliseconds limit) {
  process_.signal(SIGTERM);
  return process_.wait(limit);
}

nlohmann::json node::expect_message(const std::string& expression) const {
  auto entry = wait_for_message(expression);
  if (!entry)
    throw std::runtime_error{"the node did not log \"" + expression + "\":\n" + log_text()};
  return *entry;
}

gateway::gateway(const node_options& options, const gateway_ports& ports)
    : node(options, {"gateway", "--listen", address(ports.http), "--cluster",
                     address(ports.cluster), "--admin", address(ports.admin)}) {
  auto port_in = [this](const std::string& what) {
    auto message = text_of(expect_message(what + " listening on 127\\.0\\.0\\.1:\\d+"), "message");
    return static_cast<std::uint16_t>(std::stoi(message.substr(message.rfind(':') + 1)));
  };
  expect_message("ready");
  // A cluster address that is another gateway's for now is not told.
  ports_ = {port_in("https?"), ports.cluster != 0 ? ports.cluster : port_in("cluster"),
            port_in("admin")};
}

std::string gateway::cluster_address() const {
  return address(ports_.cluster);
}

worker::worker(const std::string& gateway_address, const std::string& name,
               const node_options& options)
    : node(options, {"worker", "--join", gateway_address, "--name", name}), name_(name) {}

bool worker::joined(milliseconds limit, std::size_t from) const {
  return wait_for_message("joined gateway .*", limit, from).has_value();
}

bool worker::lost(const gateway& which, std::size_t from) const {
  // It may say why behind that.
  return wait_for_message("lost gateway " + which.cluster_address() + "(: .*)?", soon, from).has_value();
}

} // namespace troupe::test
