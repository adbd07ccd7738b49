// The node's command line: help, version, routes, a checked configuration, a port in use.
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <regex>

namespace troupe::test {
namespace {

/// Runs the demo node in a folder of its own.
finished demo(std::vector<std::string> arguments,
              std::map<std::string, std::string> environment = {}) {
  temp_directory folder;
  return run_to_end({program_path("troupe-demo").string(), std::move(arguments),
                     std::move(environment), folder.path()});
}

TEST(CommandLine, VersionIsOneLine) {
  auto result = demo({"--version"});
  EXPECT_EQ(result.status, exit_status{});
  EXPECT_TRUE(std::regex_match(result.out, std::regex{"troupe-demo \\d+\\.\\d+\\.\\d+.*\n"}))
      << result.out;
  EXPECT_EQ(result.err, "");
}

TEST(CommandLine, HelpNamesEveryCommandAndFlag) {
  auto all = demo({"--help"});
  EXPECT_EQ(all.status, exit_status{});
  for (const char* command : {"gateway", "worker", "routes", "migrate", "--version"})
    EXPECT_NE(all.out.find(command), std::string::npos) << command;

  auto gateway_help = demo({"gateway", "--help"});
  EXPECT_EQ(gateway_help.status, exit_status{});
  for (const char* flag : {"--listen",
                           "--cluster",
                           "--admin",
                           "--threads",
                           "--storage",
                           "--no-local-workers",
                           "--config",
                           "--check-config",
                           "--access-log",
                           "--log-level",
                           "--log-format",
                           "--drain-timeout",
                           "--http-max-header-bytes",
                           "--http-max-headers",
                           "--http-max-target-bytes",
                           "--http-max-body-bytes",
                           "--http-max-connections",
                           "--http-max-pipelined",
                           "--http-head-timeout",
                           "--http-body-timeout",
                           "--http-idle-timeout",
                           "--http-write-timeout",
                           "--http-handler-timeout",
                           "--storage-max-connections",
                           "--storage-acquire-timeout",
                           "--storage-migrations"})
    EXPECT_NE(gateway_help.out.find(flag), std::string::npos) << flag;

  auto worker_help = demo({"worker", "--help"});
  EXPECT_EQ(worker_help.status, exit_status{});
  for (const char* flag : {"--join", "--name", "--threads", "--storage"})
    EXPECT_NE(worker_help.out.find(flag), std::string::npos) << flag;
}

TEST(CommandLine, RoutesListsEveryEndpoint) {
  auto result = demo({"routes"});
  EXPECT_EQ(result.status, exit_status{});
  for (const char* route :
       {"GET +/", "GET +/sleep", "POST +/tasks", "GET +/tasks/\\{id\\}", "POST +/channel",
        "GET +/counters/\\{name\\}", "POST +/counters/\\{name\\}", "POST +/batch", "GET +/users",
        "POST +/users", "GET +/users/\\{id\\}", "PUT +/users/\\{id\\}", "DELETE +/users/\\{id\\}",
        "POST +/echo"})
    EXPECT_TRUE(std::regex_search(result.out, std::regex{std::string{route} + "(\\s|$)"}))
        << route << " is missing in:\n"
        << result.out;
}

TEST(CommandLine, ACheckedConfigurationIsPrintedWithItsSecretsMasked) {
  auto result = demo({"gateway", "--check-config", "--listen", "127.0.0.1:9999", "--storage",
                      "postgres://me:hidden-password@db.test/app"},
                     {{"TROUPE_LOG_LEVEL", "warn"}});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  EXPECT_NE(result.out.find("127.0.0.1:9999"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("warn"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("db.test"), std::string::npos) << result.out;
  EXPECT_EQ((result.out + result.err).find("hidden-password"), std::string::npos) << result.out;
}

TEST(CommandLine, TheSampleFilesAreValid) {
  for (const char* role : {"gateway", "worker"}) {
    auto file = std::string{std::getenv("TROUPE_TEST_SOURCE")} + "/config/" + role + ".toml";
    auto result = demo({role, "--check-config", "--config", file, "--log-level", "info"});
    EXPECT_EQ(result.status, exit_status{}) << result.err;
  }
}

TEST(CommandLine, AFlagIsStrongerThanAVariableAndThatThanAFile) {
  temp_directory folder;
  auto file = folder.write("node.toml", "[http]\nmax_headers = 50\nmax_pipelined = 50\n"
                                        "[gateway]\nthreads = 50\n");
  auto result =
      demo({"gateway", "--check-config", "--config", file.string(), "--http-max-headers", "70"},
           {{"TROUPE_HTTP_MAX_HEADERS", "60"}, {"TROUPE_HTTP_MAX_PIPELINED", "60"}});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  for (const char* line : {"max_headers = 70", "max_pipelined = 60", "threads = 50"})
    EXPECT_NE(result.out.find(line), std::string::npos) << line << " is missing in:\n"
                                                        << result.out;
}

/// Starts a second gateway that wants this address for `flag`.
void expect_refused(const std::string& flag, std::uint16_t port) {
  auto address = "127.0.0.1:" + std::to_string(port);
  std::vector<std::string> arguments{"gateway", flag, address};
  for (const char* other : {"--listen", "--cluster", "--admin"})
    if (other != flag)
      arguments.insert(arguments.end(), {other, "127.0.0.1:0"});
  auto result = demo(arguments);
  EXPECT_EQ(result.status, (exit_status{2, 0})) << flag << '\n' << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_NE(result.err.find(address), std::string::npos) << result.err;
  EXPECT_NE(result.err.find(flag.substr(2)), std::string::npos) << result.err;
}

TEST(CommandLine, APortInUseIsToldInOneLineAndExit2) {
  gateway running;
  expect_refused("--listen", running.http_port());
  expect_refused("--admin", running.admin_port());
  expect_refused("--cluster", running.ports().cluster);
  EXPECT_EQ(get(running.http_port(), "/").status, 200) << "the first one goes on";
}

} // namespace
} // namespace troupe::test
