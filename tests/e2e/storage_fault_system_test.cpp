// A PostgreSQL server that goes away and comes back under load.
#include "tests/e2e/http_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/load_generator.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/postgres_cluster.hpp"
#include "tests/support/postgres_programs.hpp"
#include "tests/support/problem.hpp"

#include <set>

namespace troupe::test {
namespace {

using nlohmann::json;
using time_point = deadline::clock::time_point;

/// How long a statement waits for a connection, as the node is told.
constexpr milliseconds acquire_timeout = 500ms;
/// What a client's own clock adds to it on a busy machine.
constexpr milliseconds tolerance = 300ms;
/// What the specification promises for a database that is back.
constexpr milliseconds back_within = 2s;

class StorageFaults : public testing::Test {
protected:
  void SetUp() override {
    if (!postgres_programs())
      GTEST_SKIP() << "PostgreSQL is not installed";
    database_ = std::make_unique<postgres_cluster>();
  }

  [[nodiscard]] postgres_cluster& database() { return *database_; }

  /// A node whose database is the cluster.
  std::unique_ptr<gateway> start_node(std::vector<std::string> flags = {}) {
    flags.insert(flags.end(), {"--storage", database_->url(), "--storage-acquire-timeout",
                               std::to_string(scaled(acquire_timeout).count()) + "ms"});
    return std::make_unique<gateway>(with_flags(flags));
  }

private:
  std::unique_ptr<postgres_cluster> database_;
};

json add_user(const gateway& node, const std::string& email) {
  http_client http{node.http_port()};
  http_response response;
  EXPECT_TRUE(eventually([&] { // connecting may take longer than the acquire timeout
    response = http.post("/users", {{"name", "Ada"}, {"email", email}});
    return response.status == 201;
  })) << response;
  return response.json();
}

std::string path_of(const json& user) {
  return "/users/" + std::to_string(user["id"].get<std::int64_t>());
}

/// Three clients read one user, one adds users.
http_request next_request(const std::string& path, unsigned client, std::uint64_t number) {
  if (client != 0)
    return {"GET", path, {}, {}};
  json body{{"name", "Bob"}, {"email", std::to_string(number) + "@load.test"}};
  return {"POST", "/users", body.dump(), {{"Content-Type", "application/json"}}};
}

/// When the database was away for certain, and from when on it must serve again.
struct outage {
  time_point away_from;
  time_point away_until;
  time_point back_from;
};

void check(const outcome& each, const outage& when, const json& user) {
  const bool is_get = each.request.method == "GET";
  if (each.response.status == 200 && is_get) {
    EXPECT_EQ(each.response.json(), user) << "a wrong answer: " << each;
  } else if (each.response.status != 201 || is_get) {
    EXPECT_TRUE(is_problem(each.response, 503)) << each;
    EXPECT_LE(each.ended - each.started, scaled(acquire_timeout + tolerance)) << each;
  }
  if (each.started >= when.away_from && each.ended <= when.away_until) {
    EXPECT_EQ(each.response.status, 503) << each;
  }
  if (each.started >= when.back_from) {
    EXPECT_EQ(each.response.status, is_get ? 200 : 201) << each;
  }
}

TEST_F(StorageFaults, RequestsGet503WhileTheDatabaseIsAwayAnd200WithinTwoSecondsOfItsReturn) {
  auto node = start_node();
  auto user = add_user(*node, "ada@kept.test");
  load_generator load{node->http_port(), 4, [&](unsigned client, std::uint64_t number) {
                        return next_request(path_of(user), client, number);
                      }};
  ASSERT_TRUE(load.wait_for_answers(200));

  outage when;
  database().stop();
  when.away_from = deadline::clock::now();
  ASSERT_TRUE(load.wait_for_answers(40));
  EXPECT_EQ(get(node->http_port(), "/").status, 200) << "what needs no database is served";
  EXPECT_EQ(get(node->admin_port(), "/healthz").status, 200);
  when.away_until = deadline::clock::now();

  database().start();
  auto returned = deadline::clock::now();
  EXPECT_TRUE(eventually([&] { return get(node->http_port(), path_of(user)).status == 200; }));
  when.back_from = returned + scaled(back_within);
  auto served = deadline::clock::now();
  EXPECT_LE(served, when.back_from);
  ASSERT_TRUE(eventually([&] { return deadline::clock::now() > when.back_from; }));
  ASSERT_TRUE(load.wait_for_answers(200));

  auto outcomes = load.stop();
  EXPECT_TRUE(node->running());
  milliseconds slowest{0};
  long long refused = 0;
  for (const auto& each : outcomes)
    if (each.response.status == 503) {
      ++refused;
      slowest = std::max(slowest,
                         std::chrono::duration_cast<milliseconds>(each.ended - each.started));
    }
  figure("outage_answers", static_cast<long long>(outcomes.size()));
  figure("outage_503s", refused);
  figure("outage_slowest_503_ms", slowest.count());
  figure("outage_served_again_after_ms",
         std::chrono::duration_cast<milliseconds>(served - returned).count());
  std::set<std::string> kept;
  for (const auto& each : get(node->http_port(), "/users").json())
    kept.insert(each["email"].get<std::string>());
  for (const auto& each : outcomes) {
    check(each, when, user);
    if (each.response.status == 201) {
      EXPECT_TRUE(kept.contains(each.response.json()["email"])) << "accepted, then lost: " << each;
    }
  }
}

TEST_F(StorageFaults, ConnectionsThatTheServerEndsAreReplaced) {
  auto node = start_node();
  auto user = add_user(*node, "ada@ended.test");
  for (int round = 0; round < 3; ++round) {
    run_sql(database().url(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                              "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
    auto ended = deadline::clock::now();
    EXPECT_TRUE(eventually([&] {
      auto response = get(node->http_port(), path_of(user));
      EXPECT_TRUE(response.status == 200 || response.status == 503) << response;
      return response.status == 200;
    }));
    EXPECT_LE(deadline::clock::now() - ended, scaled(back_within));
  }
}

TEST_F(StorageFaults, AFullPoolAnswers503WithinTheAcquireTimeout) {
  auto node = start_node({"--storage-max-connections", "1"});
  auto user = add_user(*node, "ada@full.test");
  child_process lock{{(*postgres_programs() / "psql").string(),
                      {"--no-psqlrc", "-c", "BEGIN; LOCK TABLE users", "-c", "SELECT 'locked'",
                       "-c", "SELECT pg_sleep(600)", database().url()},
                      {},
                      {}}};
  ASSERT_TRUE(eventually([&] {
    return run_sql(database().url(), "SELECT count(*) FROM pg_locks WHERE granted AND mode = "
                                     "'AccessExclusiveLock' AND relation = 'users'::regclass")
           == "1\n";
  }));
  http_connection holder{node->http_port()};
  holder.send(get_bytes(path_of(user)));
  ASSERT_TRUE(eventually([&] { return outstanding(*node) == 1; }));

  auto before = deadline::clock::now();
  EXPECT_TRUE(is_problem(get(node->http_port(), path_of(user)), 503));
  EXPECT_LE(deadline::clock::now() - before, scaled(acquire_timeout + tolerance));

  lock.signal(SIGKILL);
  run_sql(database().url(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE query LIKE 'SELECT pg_sleep%'");
  EXPECT_EQ(holder.read().json(), user);
  EXPECT_EQ(get(node->http_port(), path_of(user)).json(), user);
}

} // namespace
} // namespace troupe::test
