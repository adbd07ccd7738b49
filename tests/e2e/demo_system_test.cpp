// The endpoints of the demo node that show the framework's concepts, over real HTTP.
#include "tests/e2e/backend_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/problem.hpp"

#include <numeric>

namespace troupe::test {
namespace {

using nlohmann::json;

class Demo : public on_each_backend {};
TROUPE_ON_EACH_BACKEND(Demo);

TEST_P(Demo, TheRootSaysHello) {
  auto response = http().get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "Hello, async world!");
  EXPECT_EQ(response.header("Content-Type"), "text/plain; charset=utf-8");
}

TEST_P(Demo, SleepWaitsAndTellsForHowLong) {
  auto before = deadline::clock::now();
  auto response = http().get("/sleep?ms=30");
  EXPECT_GE(deadline::clock::now() - before, 30ms);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.json()["requested_ms"], 30);
  EXPECT_GE(response.json()["elapsed_ms"].get<int>(), 30);
  EXPECT_EQ(http().get("/sleep?ms=0").json()["requested_ms"], 0);
}

TEST_P(Demo, SleepRefusesAnythingButZeroToSixtyThousandMilliseconds) {
  for (const char* target : {"/sleep?ms=", "/sleep?ms=-1", "/sleep?ms=60001", "/sleep?ms=soon",
                             "/sleep?ms=1.5", "/sleep?ms=99999999999999999999"})
    EXPECT_TRUE(is_problem(http().get(target), 400)) << target;
}

TEST_P(Demo, ManySleepsTakeTheTimeOfOne) {
  // 40 x 500 ms in a row would pass the deadline of a test; no thread is held, so they overlap.
  std::vector<http_connection> sleeping;
  auto before = deadline::clock::now();
  for (int i = 0; i < 40; ++i) {
    sleeping.emplace_back(node().http_port());
    sleeping.back().send(to_bytes({"GET", "/sleep?ms=500", {}, {}}));
  }
  for (auto& connection : sleeping)
    EXPECT_EQ(connection.read().status, 200);
  EXPECT_LT(deadline::clock::now() - before, scaled(10s));
}

TEST_P(Demo, ATaskRunsInTheBackgroundAndCanBeAwaited) {
  auto accepted = http().post("/tasks", {{"ms", 30}});
  ASSERT_EQ(accepted.status, 202) << accepted;
  auto id = accepted.json()["id"].get<std::string>();
  EXPECT_EQ(accepted.json()["state"], "running");
  EXPECT_EQ(accepted.header("Location"), "/tasks/" + id);

  auto done = http().get("/tasks/" + id + "?wait=5s");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.json()["id"], id);
  EXPECT_EQ(done.json()["state"], "done");
  EXPECT_GE(done.json()["result"]["elapsed_ms"].get<int>(), 30);
  EXPECT_EQ(http().get("/tasks/" + id).json(), done.json());
}

TEST_P(Demo, ATaskThatIsNotDoneHasNoResultYet) {
  auto id = http().post("/tasks", {{"ms", 60'000}}).json()["id"].get<std::string>();
  json running{{"id", id}, {"state", "running"}, {"result", nullptr}};
  EXPECT_EQ(http().get("/tasks/" + id).json(), running);
  auto before = deadline::clock::now();
  EXPECT_EQ(http().get("/tasks/" + id + "?wait=50ms").json(), running);
  EXPECT_GE(deadline::clock::now() - before, 50ms);
}

TEST_P(Demo, TasksRefuseWhatTheyCannotRun) {
  EXPECT_TRUE(is_problem(http().get("/tasks/no-such-task"), 404));
  EXPECT_TRUE(is_problem(http().post("/tasks"), 411));
  EXPECT_TRUE(is_problem(http().post_text("/tasks", "{\"ms\":", "application/json"), 400));
  EXPECT_TRUE(is_problem(http().post_text("/tasks", "ms=1", "text/plain"), 415));
  for (const json& body : {json::object(), json{{"ms", "soon"}}, json{{"ms", -1}}, json::array()})
    EXPECT_TRUE(is_problem(http().post("/tasks", body), 422)) << body;
  auto id = http().post("/tasks", {{"ms", 0}}).json()["id"].get<std::string>();
  EXPECT_TRUE(is_problem(http().get("/tasks/" + id + "?wait=long"), 400));
}

TEST_P(Demo, AChannelPassesEveryItemInOrderWhateverItsCapacity) {
  std::vector<int> items(100);
  std::iota(items.begin(), items.end(), 0);
  for (int capacity : {1, 32, 1024}) {
    auto response = http().post("/channel", {{"items", items}, {"capacity", capacity}});
    ASSERT_EQ(response.status, 200) << response;
    json expected{{"received", items}, {"count", 100}, {"capacity", capacity}};
    EXPECT_EQ(response.json(), expected);
  }
}

TEST_P(Demo, AChannelHasACapacityOf32UnlessToldOtherwise) {
  json expected{{"received", {1, "two", nullptr}}, {"count", 3}, {"capacity", 32}};
  EXPECT_EQ(http().post("/channel", {{"items", {1, "two", nullptr}}}).json(), expected);
  EXPECT_EQ(http().post("/channel", {{"items", json::array()}}).json()["count"], 0);
}

TEST_P(Demo, AChannelRefusesACapacityOutOfRange) {
  for (const json& capacity : {json(0), json(-1), json(1025), json("x"), json(1.5)})
    EXPECT_TRUE(is_problem(http().post("/channel", {{"items", {1}}, {"capacity", capacity}}), 400))
        << capacity;
  EXPECT_TRUE(is_problem(http().post("/channel", {{"capacity", 1}}), 422));
}

TEST_P(Demo, ACounterStartsAtZeroAndAddsUp) {
  EXPECT_EQ(http().get("/counters/steps").json(), (json{{"name", "steps"}, {"value", 0}}));
  EXPECT_EQ(http().post("/counters/steps").json(), (json{{"name", "steps"}, {"value", 1}}));
  EXPECT_EQ(http().post("/counters/steps", {{"by", 5}}).json()["value"], 6);
  EXPECT_EQ(http().get("/counters/steps").json()["value"], 6);
  EXPECT_EQ(http().get("/counters/other").json()["value"], 0);
  EXPECT_EQ(http().get("/counters/a%2Fb%20c").json()["name"], "a/b c");
}

TEST_P(Demo, ACounterLosesNoIncrementOfManyClients) {
  load_generator load{node().http_port(), 4, [](unsigned, std::uint64_t) {
                        return http_request{"POST", "/counters/busy", {}, {}};
                      }};
  ASSERT_TRUE(load.wait_for_answers(200));
  auto outcomes = load.stop();
  std::vector<std::int64_t> values;
  for (const auto& each : outcomes) {
    ASSERT_EQ(each.response.status, 200) << each;
    values.push_back(each.response.json()["value"].get<std::int64_t>());
  }
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(values[i], static_cast<std::int64_t>(i) + 1) << "a value was given twice or never";
}

TEST_P(Demo, ACounterRefusesAnIncrementThatIsNoNumber) {
  EXPECT_TRUE(is_problem(http().post("/counters/x", {{"by", "one"}}), 422));
  EXPECT_TRUE(is_problem(http().post_text("/counters/x", "{", "application/json"), 400));
  EXPECT_EQ(http().get("/counters/x").json()["value"], 0);
}

TEST_P(Demo, ABatchAnswersForEachItemInOrder) {
  json items{"a", 2, nullptr, {{"k", "v"}}};
  auto response = http().post("/batch", {{"items", items}});
  ASSERT_EQ(response.status, 200) << response;
  ASSERT_EQ(response.json()["count"], 4);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(response.json()["results"][i]["index"], i);
    EXPECT_EQ(response.json()["results"][i]["item"], items[i]);
  }
  EXPECT_EQ(http().post("/batch", {{"items", json::array()}}).json()["count"], 0);
}

TEST_P(Demo, ABatchRefusesWhatIsNoList) {
  EXPECT_TRUE(is_problem(http().post("/batch", json::object()), 422));
  EXPECT_TRUE(is_problem(http().post("/batch", {{"items", 3}}), 422));
  EXPECT_TRUE(is_problem(http().post("/batch"), 411));
}

TEST_P(Demo, EchoAnswersTheSameBytesAndTheSameType) {
  std::string all_bytes(256, '\0');
  std::iota(all_bytes.begin(), all_bytes.end(), '\0');
  for (const auto& body : {all_bytes, std::string{}, std::string(1024 * 1024, 'x')}) {
    auto response = http().post_text("/echo", body, "application/x-test");
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body == body) << "a body of " << body.size() << " bytes came back changed";
    EXPECT_EQ(response.header("Content-Type"), "application/x-test");
  }
  EXPECT_TRUE(is_problem(http().post("/echo"), 411));
}

} // namespace
} // namespace troupe::test
