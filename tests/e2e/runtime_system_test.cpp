// What the actor runtime promises to clients and operators of a node.
#include "tests/support/eventually.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/http_connection.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node.hpp"
#include "tests/support/problem.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

namespace troupe::test {
namespace {

using nlohmann::json;

class Runtime : public testing::Test {
protected:
  static node_options options(std::vector<std::string> flags = {}) {
    return {"runtime-node", std::move(flags), {}};
  }

  static std::future<http_response> in_background(const gateway& node, std::string method,
                                                  std::string target) {
    return std::async(std::launch::async, [port = node.http_port(), method, target] {
      try {
        return http_client{port, soon}.send({method, target, {}, {}});
      } catch (const connection_error&) { // the node has ended
        return http_response{};
      }
    });
  }

  static bool answered(const std::future<http_response>& sent) {
    return sent.wait_for(0s) == std::future_status::ready;
  }

  static json actors_of(const gateway& node) {
    return get(node.admin_port(), "/_troupe/actors").json()["actors"];
  }

  /// Waits until an actor with this name is as `expected` says.
  template <class F>
  static bool eventually_actor(const gateway& node, const std::string& name, F expected) {
    return eventually([&] {
      for (const auto& each : actors_of(node))
        if (each["name"] == name && expected(each))
          return true;
      return false;
    });
  }
};

TEST_F(Runtime, BlockingCallsBeyondPoolAndQueueGet503AndOthersAreServedMeanwhile) {
  gateway node{options({"--actors-blocking-threads", "2", "--actors-blocking-queue", "3"})};
  std::vector<std::future<http_response>> blocked;
  for (int i = 0; i < 9; ++i)
    blocked.push_back(in_background(node, "GET", "/gate"));
  // Two that run and three that wait are kept.
  EXPECT_TRUE(eventually([&] { return std::count_if(blocked.begin(), blocked.end(), answered) == 4; }));
  http_client http{node.http_port()};
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(http.get("/ping").body, "pong");
  EXPECT_EQ(std::count_if(blocked.begin(), blocked.end(), answered), 4);
  EXPECT_EQ(http.post("/gate/open").body, "open");
  int served = 0;
  for (auto& each : blocked) {
    const auto answer = each.get();
    served += answer.status == 200 ? 1 : 0;
    if (answer.status != 200) {
      EXPECT_TRUE(is_problem(answer, 503)) << answer;
      EXPECT_TRUE(answer.header("Retry-After")) << answer;
    }
  }
  EXPECT_EQ(served, 5);
}

TEST_F(Runtime, AHandlerThatHoldsItsLoopIsNamedByRouteInTheLog) {
  gateway node{options({"--threads", "1"})};
  EXPECT_EQ(get(node.http_port(), "/hold?ms=120").body, "held");
  const auto entry = node.wait_for_message("threads: GET /hold held event loop 0 for .* without.*");
  ASSERT_TRUE(entry) << node.log_text();
  EXPECT_EQ((*entry)["level"], "warn");
  EXPECT_EQ(get(node.http_port(), "/hold?ms=2500").body, "held");
  EXPECT_TRUE(node.wait_for_message("threads: GET /hold holds event loop 0 for .* not returned.*"))
      << node.log_text();
}

TEST_F(Runtime, WithoutAWatchdogNobodyIsNamed) {
  gateway node{options({"--threads", "1", "--actors-watchdog", "0s"})};
  EXPECT_EQ(get(node.http_port(), "/hold?ms=120").body, "held");
  EXPECT_EQ(get(node.http_port(), "/ping").body, "pong");
  EXPECT_EQ(node.log_text().find("held event loop"), std::string::npos) << node.log_text();
}

TEST_F(Runtime, AHandlerThatYieldsForEverKeepsNobodyElseFromBeingServed) {
  gateway node{options({"--threads", "1"})};
  auto spinning = in_background(node, "GET", "/spin");
  http_client http{node.http_port()};
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(http.get("/ping").body, "pong");
  EXPECT_EQ(http.post("/spin/end").body, "ended");
  EXPECT_EQ(spinning.get().body, "done");
}

TEST_F(Runtime, AHandlerWhoseAnswerNobodyWaitsForIsDestroyedAtOnce) {
  gateway node{options({"--http-handler-timeout", "300ms"})};
  http_client http{node.http_port()};
  const auto lingering = [&](const std::string& count) {
    return eventually([&] { return get(node.http_port(), "/lingering").body == count; });
  };
  auto slow = in_background(node, "GET", "/linger");
  EXPECT_TRUE(lingering("1"));
  EXPECT_TRUE(is_problem(slow.get(), 504));
  EXPECT_TRUE(lingering("0"));
}

TEST_F(Runtime, AnActorThatCrashesIsBegunAnewAndListedSo) {
  gateway node{options({"--threads", "1"})};
  http_client http{node.http_port()};
  EXPECT_EQ(http.get("/count").body, "1");
  EXPECT_EQ(http.get("/count").body, "2");
  EXPECT_TRUE(is_problem(http.post("/crash"), 500));
  EXPECT_EQ(http.get("/count").body, "1"); // a new state
  EXPECT_TRUE(eventually_actor(node, "fragile", [](const json& each) {
    return each["kind"] == "actor" && each["restarts"] == 1 && each["supervisor"] == "fragile"
           && each["loop"] == 0 && each["mailbox"] == 0 && each["handled"] == 4;
  })) << actors_of(node);
  EXPECT_TRUE(node.wait_for_message("fragile has crashed: .*fragile by design.*"));
}

TEST_F(Runtime, AWorkerThatFailsCostsItsOwnRequests500AndNobodyElseAnything) {
  gateway node{options({"--threads", "1"})};
  auto in_flight = in_background(node, "GET", "/glass/wait");
  ASSERT_TRUE(eventually_actor(node, "glass", [](const json& each) {
    return each["kind"] == "service" && each["mailbox"] == 1;
  }));
  auto elsewhere = in_background(node, "GET", "/bounded");
  ASSERT_TRUE(eventually_actor(node, "bounded", [](const json& each) { return each["mailbox"] == 1; }));
  http_client http{node.http_port()};
  EXPECT_TRUE(is_problem(http.post("/glass/crash"), 500));
  EXPECT_TRUE(is_problem(in_flight.get(), 500));
  EXPECT_EQ(http.get("/ping").body, "pong");
  EXPECT_TRUE(eventually_actor(node, "glass", [](const json& each) {
    return each["kind"] == "service" && each["restarts"] == 1 && each["mailbox"] == 0;
  })) << actors_of(node);
  EXPECT_TRUE(is_problem(http.post("/glass/crash"), 500)); // it is there again, to fail again
  EXPECT_TRUE(eventually_actor(node, "bounded", [](const json& each) { return each["mailbox"] == 1; }));
  node.kill(); // rather than wait for that one
  elsewhere.get();
}

TEST_F(Runtime, AFullMailboxAndAFullServiceShedWith503) {
  for (const std::string target : {"/crowded", "/bounded"}) {
    gateway node{options({"--threads", "1"})};
    std::vector<std::future<http_response>> sent;
    for (int i = 0; i < 8; ++i)
      sent.push_back(in_background(node, "GET", target));
    // "/crowded": one is handled, two wait. "/bounded": two are in work.
    const std::size_t kept = target == "/crowded" ? 3 : 2;
    EXPECT_TRUE(eventually([&] {
      return static_cast<std::size_t>(std::count_if(sent.begin(), sent.end(), answered))
             == sent.size() - kept;
    })) << target;
    EXPECT_EQ(get(node.http_port(), "/ping").body, "pong");
    for (auto& each : sent)
      if (answered(each)) {
        const auto answer = each.get();
        EXPECT_TRUE(is_problem(answer, 503)) << target << answer;
        EXPECT_TRUE(answer.header("Retry-After")) << answer;
      }
    node.kill(); // rather than wait for those that were kept
  }
}

TEST_F(Runtime, AClientThatResetsItsConnectionEndsItsHandler) {
  gateway node{options()};
  {
    http_connection client{node.http_port()};
    client.send("GET /linger HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return get(node.http_port(), "/lingering").body == "1"; }));
    client.reset();
  }
  EXPECT_TRUE(eventually([&] { return get(node.http_port(), "/lingering").body == "0"; }));
}

TEST_F(Runtime, TasksGroupsAndAgesStandInTheListOfActorsAndLostTasksInTheLog) {
  gateway node{options({"--threads", "1"})};
  http_client http{node.http_port()};
  EXPECT_EQ(http.post("/leave").body, "1");
  EXPECT_TRUE(eventually_actor(node, "leaver", [](const json& each) {
    return each["tasks"] == json{"patrol"} && each["age_ms"].is_number() && each["age_ms"] < 60'000;
  })) << actors_of(node);
  EXPECT_TRUE(eventually_actor(node, "crew", [](const json& each) {
    return each["kind"] == "supervisor" && each["supervisor"] == "leaver" && each["restarts"] == 0
           && each["state"] == "running";
  })) << actors_of(node);
  EXPECT_TRUE(eventually_actor(node, "deck", [](const json& each) {
    return each["kind"] == "supervisor" && each["supervisor"] == "leaver/crew";
  })) << actors_of(node);
  EXPECT_TRUE(eventually_actor(node, "sailor", [](const json& each) {
    return each["kind"] == "actor" && each["supervisor"] == "leaver/crew/deck" && each["handled"] == 1;
  })) << actors_of(node);
  EXPECT_TRUE(node.wait_for_message("task \"doomed\" failed and nobody waits for it: as it should"))
      << node.log_text();
}

TEST_F(Runtime, TheListOfActorsIsBoundedAndChecksItsQuery) {
  gateway node{options({"--threads", "2"})};
  // Five services on each loop, four singletons, the one of the admin listener.
  const int expected = 15;
  json all;
  EXPECT_TRUE(eventually([&] {
    all = get(node.admin_port(), "/_troupe/actors").json();
    return all["total"] == expected;
  })) << all;
  EXPECT_EQ(all["actors"].size(), all["total"]);
  const auto few = get(node.admin_port(), "/_troupe/actors?limit=1").json();
  EXPECT_EQ(few["total"], all["total"]);
  EXPECT_EQ(few["actors"].size(), 2U);
  EXPECT_TRUE(is_problem(get(node.admin_port(), "/_troupe/actors?limit=-1"), 400));
  EXPECT_TRUE(is_problem(get(node.admin_port(), "/_troupe/actors?limit=many"), 400));
}

} // namespace
} // namespace troupe::test
