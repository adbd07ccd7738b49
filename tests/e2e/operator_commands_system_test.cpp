// The commands that ask the admin listener of a running gateway.
#include "tests/support/http_client.hpp"
#include "tests/support/node_list.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <regex>

namespace troupe::test {
namespace {

std::string address(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

finished demo(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
  const temp_directory folder;
  return run_to_end(
      {program_path("troupe-demo").string(), std::move(arguments), std::move(environment), folder.path()});
}

/// A gateway with workers of its own and a worker node, for all cases.
class OperatorCommands : public testing::Test {
protected:
  static void SetUpTestSuite() {
    front_ = std::make_unique<gateway>();
    back_ = std::make_unique<worker>(*front_, "back");
    if (!wait_for_nodes(*front_, {"back"}))
      throw std::runtime_error{back_->log_text()};
  }
  static void TearDownTestSuite() {
    back_.reset();
    front_.reset();
  }

  static std::string admin() { return address(front_->admin_port()); }
  static finished ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--admin", admin()});
    return demo(std::move(arguments));
  }
  static std::string own_node() { return nodes_of(*front_).at(0).name; }

  static inline std::unique_ptr<gateway> front_;
  static inline std::unique_ptr<worker> back_;
};

void expect_line(const std::string& text, const std::string& expression) {
  EXPECT_TRUE(std::regex_search(text, std::regex{"(^|\n)" + expression + "\n"})) << expression << " in:\n"
                                                                                 << text;
}

/// Exit 1, and one line on stderr that has this in it.
void expect_refused(const finished& what, const std::string& part) {
  EXPECT_EQ(what.status, (exit_status{1, 0})) << what.out;
  EXPECT_EQ(what.out, "");
  EXPECT_EQ(std::count(what.err.begin(), what.err.end(), '\n'), 1) << what.err;
  EXPECT_NE(what.err.find(part), std::string::npos) << what.err;
}

TEST_F(OperatorCommands, NodesIsATableOfThem) {
  const auto result = ask({"nodes"});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  expect_line(result.out, "NODE +KIND +LOOPS +IN WORK +ANSWERED +ROUTES +SERVICES");
  expect_line(result.out, own_node() + " +gateway +\\d+ +0 +\\d+ +14 +hello, .*");
  expect_line(result.out, "back +worker +\\d+ +0 +\\d+ +14 +hello, .*");
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
}

TEST_F(OperatorCommands, RoutesWithAnAddressAreThoseOfTheClusterWithTheirNodes) {
  const auto result = ask({"routes"});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  expect_line(result.out, "METHOD +PATTERN +SERVICE +NODES");
  expect_line(result.out, "GET +/users/\\{id\\} +users +" + own_node() + ", back");
  expect_line(result.out, "POST +/tasks +tasks \\(singleton\\) +" + own_node() + ", back");
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 15);
}

TEST_F(OperatorCommands, ActorsIsATableOfThoseOfTheGateway) {
  const auto result = ask({"actors"});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  expect_line(result.out, "NAME +KIND +STATE +LOOP +MAILBOX +HANDLED +RESTARTS +AGE +SUPERVISOR");
  expect_line(result.out, "users +service +running +0 +0 +\\d+ +0 +\\S+.* +-");
}

TEST_F(OperatorCommands, JsonIsWhatTheGatewayAnswers) {
  for (const auto& [command, target] : std::vector<std::pair<std::string, std::string>>{
           {"nodes", "/_troupe/nodes"}, {"routes", "/_troupe/routes"}}) {
    const auto result = ask({command, "--json"});
    EXPECT_EQ(result.status, exit_status{}) << result.err;
    EXPECT_EQ(nlohmann::json::parse(result.out), get(front_->admin_port(), target).json());
    EXPECT_GT(std::count(result.out.begin(), result.out.end(), '\n'), 10) << "it is for people too";
  }
}

TEST_F(OperatorCommands, TheAddressComesFromVariableOrFileToo) {
  EXPECT_EQ(demo({"nodes"}, {{"TROUPE_ADMIN", admin()}}).status, exit_status{});
  const temp_directory folder;
  const auto file = folder.write("node.toml", "[gateway]\nadmin = \"" + admin() + "\"\n");
  const auto result = demo({"nodes", "--config", file.string()});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  expect_line(result.out, "back +worker .*");
}

TEST_F(OperatorCommands, WatchPrintsItAgainUntilItIsInterrupted) {
  const temp_directory folder;
  child_process process{{program_path("troupe-demo").string(),
                         {"nodes", "--watch", "1", "--admin", admin()},
                         {},
                         folder.path()}};
  const auto is_header = [](const std::string& line) { return line.starts_with("NODE "); };
  ASSERT_TRUE(process.out().wait_for(is_header));
  ASSERT_TRUE(process.out().wait_for(is_header, soon, 1)) << "no second table";
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), exit_status{});
  EXPECT_EQ(process.out().text().find('\x1b'), std::string::npos) << "it is no terminal";
}

TEST_F(OperatorCommands, DrainOfNoNodeNamesThoseThereAre) {
  expect_refused(ask({"drain", "nobody"}), "no worker node \"nobody\" is joined; there are: back");
  expect_refused(ask({"drain", own_node()}), "there are: back");
  expect_refused(ask({"drain", "a/b?c d"}), "no worker node \"a/b?c d\" is joined");
}

TEST_F(OperatorCommands, SayWhatIsWrongWithTheAddress) {
  expect_refused(demo({"nodes", "--admin", "127.0.0.1:1"}), "127.0.0.1:1 cannot be reached: Connection refused");
  const auto http = address(front_->http_port());
  for (const char* command : {"nodes", "routes", "actors"})
    expect_refused(demo({command, "--admin", http}), http + " is no admin address of a gateway");
  expect_refused(demo({"drain", "back", "--admin", http}), http + " is no admin address of a gateway");
  const auto cluster = front_->cluster_address();
  expect_refused(demo({"nodes", "--admin", cluster}), cluster + " does not answer as an admin address does");
}

TEST(OperatorCommand, DrainAsksTheNodeToLeave) {
  gateway front;
  worker back{front, "back"};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  const auto result = demo({"drain", "back", "--admin", address(front.admin_port())});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  EXPECT_EQ(result.out, "node back is draining\n");
}

TEST(OperatorCommand, ShowsTheTokenAndSaysWhenItIsNeeded) {
  const std::string token = "a-token-for-tests-only";
  gateway node{node_options{"troupe-demo", {}, {{"TROUPE_ADMIN_TOKEN", token}}}};
  const auto where = address(node.admin_port());
  expect_refused(demo({"nodes", "--admin", where}), "wants a token: --admin-token, or TROUPE_ADMIN_TOKEN");
  const auto wrong = demo({"nodes", "--admin", where, "--admin-token", "another-token-0123"});
  expect_refused(wrong, "refuses the token");
  EXPECT_EQ(wrong.err.find("another-token"), std::string::npos) << wrong.err;
  EXPECT_EQ(demo({"nodes", "--admin", where, "--admin-token", token}).status, exit_status{});
  EXPECT_EQ(demo({"actors", "--admin", where}, {{"TROUPE_ADMIN_TOKEN", token}}).status, exit_status{});
}

} // namespace
} // namespace troupe::test
