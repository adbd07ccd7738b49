// Actors written for CAF behind routes of Troupe: examples/plain-caf.
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/problem.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

class PlainCaf : public testing::Test {
protected:
  gateway node_{node_options{"plain-caf", {}, {}}};
  http_client http_{node_.http_port()};
};

TEST_F(PlainCaf, AnswersWithFunctionClassAndTypedActors) {
  EXPECT_EQ(http_.get("/hello/Ada").body, "Hello, Ada!");
  EXPECT_EQ(http_.get("/tally").body, "1");
  EXPECT_EQ(http_.get("/tally").body, "2");
  EXPECT_EQ(http_.get("/method").body, "GET");
  EXPECT_EQ(http_.get("/add/2/40").json()["sum"], 42);
  EXPECT_TRUE(is_problem(http_.get("/add/2/x"), 400));
}

} // namespace
} // namespace troupe::test
