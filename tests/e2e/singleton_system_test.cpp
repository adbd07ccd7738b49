// Services with one home in the cluster: the client cannot tell how many nodes there are.
#include "tests/support/load_generator.hpp"
#include "tests/support/node.hpp"
#include "tests/support/node_list.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::test {
namespace {

/// Increments one counter from many connections; every value must be given exactly once.
void expect_one_counter(const gateway& front) {
  load_generator load{front.http_port(), 8, [](unsigned, std::uint64_t) {
                        return http_request{"POST", "/counters/shared", {}, {}};
                      }};
  ASSERT_TRUE(load.wait_for_answers(400));
  std::vector<std::int64_t> values;
  for (const auto& each : load.stop()) {
    ASSERT_EQ(each.response.status, 200) << each;
    values.push_back(each.response.json()["value"].get<std::int64_t>());
  }
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(values[i], static_cast<std::int64_t>(i) + 1);
}

void expect_every_task_is_found(const gateway& front) {
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    http_client http{front.http_port()};
    ids.push_back(http.post("/tasks", {{"ms", 1}}).json()["id"].get<std::string>());
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
  for (const auto& id : ids) {
    auto task = get(front.http_port(), "/tasks/" + id + "?wait=5s");
    EXPECT_EQ(task.status, 200) << task;
    EXPECT_EQ(task.json()["state"], "done") << task;
  }
}

TEST(Singleton, ACounterAndATaskAreOneThingWhicheverNodeAnswers) {
  gateway front;
  worker first{front, "first"};
  worker second{front, "second"};
  ASSERT_TRUE(wait_for_nodes(front, {"first", "second"}));
  for (const auto& each : nodes_of(front))
    for (const char* name : {"counters", "tasks"}) {
      const auto* service = each.service(name);
      ASSERT_NE(service, nullptr) << each.name << ' ' << name;
      EXPECT_TRUE(service->singleton) << each.name << ' ' << name;
    }
  expect_one_counter(front);
  expect_every_task_is_found(front);
}

TEST(Singleton, ACounterKeepsItsValueWhenANodeJoins) {
  gateway front;
  http_client http{front.http_port()};
  EXPECT_EQ(http.post("/counters/kept", {{"by", 7}}).json()["value"], 7);
  worker back{front, "back"};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  EXPECT_EQ(http.get("/counters/kept").json()["value"], 7);
  EXPECT_EQ(back.stop(), exit_status{});
  ASSERT_TRUE(wait_until_gone(front, "back"));
  EXPECT_EQ(http.get("/counters/kept").json()["value"], 7);
}

TEST(Singleton, WithoutWorkersInTheGatewayOneOfTheOthersIsTheHome) {
  gateway front{with_flags({"--no-local-workers"})};
  worker first{front, "first"};
  worker second{front, "second"};
  ASSERT_TRUE(wait_for_nodes(front, {"first", "second"}));
  expect_one_counter(front);
  expect_every_task_is_found(front);
}

TEST(Singleton, WhenItsHomeIsLostAnotherNodeStartsAfresh) {
  gateway front{with_flags({"--no-local-workers"})};
  worker first{front, "first"};
  worker second{front, "second"};
  ASSERT_TRUE(wait_for_nodes(front, {"first", "second"}));
  http_client http{front.http_port()};
  EXPECT_EQ(http.post("/counters/lost").json()["value"], 1);
  bool first_is_home = find_node(front, "first")->answered > 0;
  auto& home = first_is_home ? first : second;
  home.kill();
  ASSERT_TRUE(wait_until_gone(front, home.name()));
  EXPECT_EQ(http.get("/counters/lost").json()["value"], 0);
  EXPECT_EQ(http.post("/counters/lost").json()["value"], 1);
}

} // namespace
} // namespace troupe::test
