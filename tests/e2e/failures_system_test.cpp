// Handlers that fail: what the client sees, what the log keeps, and that nothing internal leaks.
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/problem.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

constexpr auto secret = "secret";

bool leaks(const http_response& response) {
  auto seen = response.body;
  for (const auto& [name, value] : response.headers)
    seen += name + value;
  for (const char* internal : {secret, "4711", ".cpp", "std::", "exception"})
    if (seen.find(internal) != std::string::npos)
      return true;
  return false;
}

class Failures : public testing::Test {
protected:
  gateway node_{node_options{"fault-node", {}, {}}};
  http_client http_{node_.http_port()};
};

TEST_F(Failures, AnUnexpectedExceptionIs500ForTheClientAndInFullInTheLog) {
  for (const char* target : {"/throw", "/throw-later"}) {
    auto response = http_.get(target);
    ASSERT_TRUE(is_problem(response, 500)) << target;
    EXPECT_FALSE(leaks(response)) << response;
    auto id = response.json()["request_id"].get<std::string>();
    auto logged = node_.process_log().wait_for([&](const std::string& line) {
      return line.find(id) != std::string::npos && line.find("secret-4711") != std::string::npos;
    });
    ASSERT_TRUE(logged) << node_.log_text();
    auto entry = nlohmann::json::parse(*logged);
    EXPECT_EQ(entry["level"], "error");
    EXPECT_EQ(entry["request_id"], id);
  }
}

TEST_F(Failures, SomethingThrownThatIsNoExceptionIs500Too) {
  EXPECT_TRUE(is_problem(http_.get("/throw-number"), 500));
  EXPECT_EQ(http_.get("/refuse").status, 403);
}

TEST_F(Failures, AnExpectedFailureKeepsItsSentence) {
  auto response = http_.get("/refuse");
  EXPECT_TRUE(is_problem(response, 403));
  EXPECT_EQ(response.json()["detail"], "not before noon");
  EXPECT_EQ(response.json()["title"], "Forbidden");
}

TEST_F(Failures, ABrokenStatementDoesNotShowItsSql) {
  auto response = http_.get("/missing-table");
  EXPECT_TRUE(is_problem(response, 500));
  EXPECT_FALSE(leaks(response)) << response;
}

TEST_F(Failures, AHeaderValueCannotSplitTheResponse) {
  auto response = http_.get("/bad-header");
  EXPECT_EQ(response.header("X-Evil"), std::nullopt) << response;
  EXPECT_EQ(http_.get("/refuse").status, 403) << "the connection must be in step";
}

TEST_F(Failures, EveryRequestHasAnIdOfItsOwn) {
  auto id_of = [&](const char* target) {
    return http_.get(target).json()["request_id"].get<std::string>();
  };
  auto first = id_of("/throw");
  EXPECT_NE(first, id_of("/throw"));
  EXPECT_NE(first, id_of("/no-such-path"));
}

TEST_F(Failures, AFailureOnAWorkerNodeIsLoggedUnderTheSameIdOnBoth) {
  gateway front{with_flags({"--no-local-workers"})};
  worker back{front, "back", node_options{"fault-node", {}, {}}};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  auto response = get(front.http_port(), "/throw-later");
  ASSERT_TRUE(is_problem(response, 500));
  EXPECT_FALSE(leaks(response)) << response;
  auto id = response.json()["request_id"].get<std::string>();
  auto mentions = [&](const std::string& line) { return line.find(id) != std::string::npos; };
  EXPECT_TRUE(front.process_log().wait_for(mentions)) << front.log_text();
  EXPECT_TRUE(back.process_log().wait_for([&](const std::string& line) {
    return mentions(line) && line.find("secret-4711") != std::string::npos;
  })) << back.log_text();
}

} // namespace
} // namespace troupe::test
