// What a node logs: JSON lines by default, one access line for each request, levels.
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"

#include <algorithm>
#include <csignal>
#include <gtest/gtest.h>
#include <regex>

namespace troupe::test {
namespace {

using nlohmann::json;

std::vector<json> access_lines(const node& of) {
  auto entries = of.log();
  std::erase_if(entries, [](const json& entry) { return entry["message"] != "access"; });
  return entries;
}

TEST(Log, EveryLineIsAJsonObjectWithTimeLevelAndMessage) {
  gateway node;
  get(node.http_port(), "/");
  ASSERT_TRUE(node.wait_for_message("access"));
  EXPECT_EQ(node.stop(), exit_status{});
  const std::regex utc{"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z"};
  EXPECT_EQ(node.log().size(), node.log_size()) << node.log_text();
  for (const auto& entry : node.log()) {
    EXPECT_TRUE(std::regex_match(entry.value("time", ""), utc)) << entry;
    EXPECT_NE(entry.value("level", ""), "") << entry;
    EXPECT_NE(entry.value("message", ""), "") << entry;
  }
}

TEST(Log, TheStartIsToldInOrderAndOnce) {
  gateway node;
  std::vector<std::string> told;
  for (const auto& entry : node.log()) {
    auto message = entry["message"].get<std::string>();
    if (message == "ready" || message.find(" listening on ") != std::string::npos)
      told.push_back(message.substr(0, message.find(" 127")));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"http listening on", "admin listening on",
                                            "cluster listening on", "ready"}));
}

TEST(Log, EachRequestHasOneAccessLine) {
  gateway node;
  http_client http{node.http_port()};
  http.get("/?a=b");
  http.get("/no-such-path");
  http.post_text("/echo", "x", "text/plain");
  EXPECT_EQ(node.stop(), exit_status{});

  auto lines = access_lines(node);
  ASSERT_EQ(lines.size(), 3U) << node.log_text();
  auto expect = [](const json& line, const char* method, const char* target, int status) {
    EXPECT_EQ(line["level"], "info");
    EXPECT_EQ(line["method"], method);
    EXPECT_EQ(line["target"], target);
    EXPECT_EQ(line["status"], status);
    EXPECT_TRUE(line["duration_us"].is_number_unsigned()) << line;
    EXPECT_EQ(line["request_id"].get<std::string>().size(), 16U) << line;
  };
  expect(lines[0], "GET", "/?a=b", 200);
  expect(lines[1], "GET", "/no-such-path", 404);
  expect(lines[2], "POST", "/echo", 200);
}

TEST(Log, ARequestCannotForgeALine) {
  gateway node;
  http_connection connection{node.http_port()};
  connection.exchange("GET /\"}%0A{\"message\":\"forged\"} HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(node.stop(), exit_status{});
  EXPECT_EQ(node.log().size(), node.log_size()) << node.log_text();
  for (const auto& entry : node.log())
    EXPECT_NE(entry["message"], "forged");
}

TEST(Log, TheAccessLogCanBeTurnedOff) {
  gateway node{with_flags({"--access-log", "false"})};
  EXPECT_EQ(get(node.http_port(), "/").status, 200);
  EXPECT_EQ(node.stop(), exit_status{});
  EXPECT_TRUE(access_lines(node).empty()) << node.log_text();
}

bool serves(std::uint16_t port) {
  try {
    return get(port, "/").status == 200;
  } catch (const connection_error&) {
    return false;
  }
}

/// Starts a node whose log tells no ports, waits until it serves and stops it; its log.
std::string log_of_node_with(std::vector<std::string> flags) {
  auto port = free_port();
  temp_directory folder;
  command what{program_path("troupe-demo").string(),
               {"gateway", "--listen", "127.0.0.1:" + std::to_string(port), "--admin",
                "127.0.0.1:0", "--cluster", "127.0.0.1:0"},
               {},
               folder.path()};
  what.arguments.insert(what.arguments.end(), flags.begin(), flags.end());
  child_process process{what};
  EXPECT_TRUE(eventually([&] { return serves(port); })) << process.err().text();
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), exit_status{});
  process.err().wait_until_closed();
  return process.err().text();
}

TEST(Log, TextLinesAreWrittenWhenAskedFor) {
  auto text = log_of_node_with({"--log-format", "text"});
  EXPECT_NE(text.find("ready"), std::string::npos) << text;
  EXPECT_TRUE(json::parse(text.substr(0, text.find('\n')), nullptr, false).is_discarded()) << text;
}

TEST(Log, ALevelLeavesOutWhatIsLessImportant) {
  EXPECT_EQ(log_of_node_with({"--log-level", "error"}), "");
}

TEST(Log, ThatNobodyReadsHoldsNothingUp) {
  const temp_directory home;
  const auto port = free_port();
  // A pipe that is open at both ends and never read: full after 64 KiB.
  child_process unread{{"/bin/sh",
                        {"-c",
                         "mkfifo log && exec 3<>log && exec \"$0\" gateway --listen 127.0.0.1:\"$1\" "
                         "--admin 127.0.0.1:0 --cluster 127.0.0.1:0 2>&3",
                         program_path("troupe-demo").string(), std::to_string(port)},
                        {},
                        home.path()}};
  ASSERT_TRUE(eventually([&] { return serves(port); }));
  http_connection client{port};
  for (int i = 0; i < 2000; ++i) // an access line each, of more than 100 bytes
    ASSERT_EQ(client.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  unread.signal(SIGTERM);
  EXPECT_EQ(unread.wait(), exit_status{});
}

} // namespace
} // namespace troupe::test
