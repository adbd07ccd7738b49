// Statements that nobody waits for, and what a pool says when it has no connection to give.
#include "tests/support/eventually.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/postgres_database.hpp"
#include "tests/support/postgres_programs.hpp"
#include "tests/support/problem.hpp"

#include <algorithm>
#include <cstdlib>
#include <future>
#include <gtest/gtest.h>
#include <thread>

namespace troupe::test {
namespace {

class QueryLimits : public testing::Test {
protected:
  void SetUp() override {
    if (!postgres_server())
      GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
    database_ = std::make_unique<postgres_database>();
    run_sql(database_->url(), R"(
      CREATE TABLE mark (v INT);
      CREATE VIEW sleepers AS SELECT pid FROM pg_stat_activity WHERE state = 'active'
        AND datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%/* sleeper */%';
      -- Waits until there are none: when that was, in milliseconds since 1970.
      CREATE FUNCTION gone_at() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
        LOOP
          PERFORM pg_stat_clear_snapshot();
          EXIT WHEN NOT EXISTS (SELECT FROM sleepers);
          PERFORM pg_sleep(0.001);
        END LOOP;
        RETURN extract(epoch FROM clock_timestamp()) * 1000;
      END $$)");
  }

  std::unique_ptr<gateway> start_node(std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--storage", database_->url(), "--log-format", "json"});
    return std::make_unique<gateway>(node_options{"query-node", flags, {}});
  }

  /// Statements of the node's that run at the server.
  [[nodiscard]] std::string sleepers() const {
    return number("SELECT count(*) FROM sleepers");
  }
  [[nodiscard]] std::string number(const std::string& sql) const {
    const auto out = run_sql(database_->url(), sql);
    return out.substr(0, out.find('\n'));
  }
  [[nodiscard]] bool eventually_sleepers(const std::string& count) const {
    return eventually([&] { return sleepers() == count; });
  }

  [[nodiscard]] const std::string& url() const { return database_->url(); }

private:
  std::unique_ptr<postgres_database> database_;
};

TEST_F(QueryLimits, ACopyOfWhichNothingComesInTimeEndsAndCountsAsNoLostConnection) {
  auto node = start_node({"--storage-max-connections", "1", "--storage-query-timeout", "300ms"});
  EXPECT_TRUE(is_problem(get(node->http_port(), "/slow.csv?s=600"), 504));
  EXPECT_EQ(get(node->http_port(), "/quick").status, 200) << "of another session";
  EXPECT_EQ(node->log_text().find("connection was lost"), std::string::npos) << node->log_text();
  EXPECT_TRUE(eventually_sleepers("0"));
}

TEST_F(QueryLimits, AClientThatLeavesHasItsStatementCancelledAtTheServer) {
  auto node = start_node({"--storage-max-connections", "1"});
  for (const std::string path : {"/slow?s=30", "/slow-in-transaction?s=30"}) {
    http_connection client{node->http_port()};
    client.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(eventually_sleepers("1")) << path;
    auto gone = std::async(std::launch::async, [&] { return number("SELECT gone_at()"); });
    ASSERT_TRUE(eventually([&] {
      return number("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT gone_at()'") == "1";
    }));
    client.reset();
    const auto left = std::chrono::system_clock::now().time_since_epoch();
    figure("milliseconds until the statement of " + path + " is gone",
           std::stoll(gone.get()) - std::chrono::duration_cast<milliseconds>(left).count());
    EXPECT_EQ(get(node->http_port(), "/quick").json(), nlohmann::json::parse(R"([{"one":1}])"));
  }
  EXPECT_EQ(number("SELECT count(*) FROM mark"), "0") << "its transaction is rolled back";
}

TEST_F(QueryLimits, ARequestWhoseTimeIsOverHoldsNoConnection) {
  auto node = start_node({"--storage-max-connections", "1", "--http-handler-timeout", "300ms"});
  for (const std::string path : {"/slow?s=30", "/slow-in-transaction?s=30"}) {
    EXPECT_TRUE(is_problem(get(node->http_port(), path), 504)) << path;
    EXPECT_TRUE(eventually_sleepers("0")) << path;
    EXPECT_EQ(get(node->http_port(), "/quick").status, 200) << path;
  }
}

TEST_F(QueryLimits, AStatementThatTakesTooLongIsEndedByTheServer) {
  auto node = start_node({"--storage-max-connections", "1", "--storage-query-timeout", "200ms"});
  const auto answer = get(node->http_port(), "/slow?s=30");
  EXPECT_TRUE(is_problem(answer, 504)) << answer;
  EXPECT_NE(answer.body.find("the statement took too long"), std::string::npos) << answer;
  EXPECT_EQ(sleepers(), "0");
  EXPECT_EQ(get(node->http_port(), "/quick").status, 200);
}

/// TROUPE_TEST_GIVE_UP: how many, for a longer run.
TEST_F(QueryLimits, TransactionsThatAreGivenUpLeaveNothingOpenAndLoseNothing) {
  auto node = start_node({"--storage-max-connections", "1", "--http-handler-timeout", "1h"});
  const auto* more = std::getenv("TROUPE_TEST_GIVE_UP");
  const std::string count = more != nullptr ? more : "1000";
  run_sql(url(), "ALTER TABLE mark ADD PRIMARY KEY (v)");
  const auto answer = http_client{node->http_port(), 30min}.post("/give-up?count=" + count);
  ASSERT_EQ(answer.status, 200) << answer;
  const auto through = answer.json()["through"].get<long long>();
  figure("transactions that were through in time, of " + count, through);
  // The last one given up may still be on its way back: this waits for the one connection.
  EXPECT_EQ(get(node->http_port(), "/quick").status, 200);
  EXPECT_EQ(number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'troupe' AND state LIKE 'idle in "
                   "transaction%' AND datname = current_database()"),
            "0");
  EXPECT_GE(std::stoll(number("SELECT count(*) FROM mark")), through) << "what was acknowledged is there";
  EXPECT_EQ(get(node->admin_port(), "/_troupe/database").json()["in_use"], 0);
}

TEST_F(QueryLimits, StatementsAreCountedAndThoseWhoHaveConnectionsAreNamedToOperators) {
  auto node = start_node({"--storage-max-connections", "3"});
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(get(node->http_port(), "/quick").status, 200);
  http_connection client{node->http_port()};
  client.send("GET /slow-in-transaction?s=30 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually_sleepers("1"));
  const auto found = get(node->admin_port(), "/_troupe/database").json();
  EXPECT_EQ(found["max_connections"], 3);
  EXPECT_EQ(found["in_use"], 1);
  ASSERT_EQ(found["holders"].size(), 1u) << found;
  EXPECT_EQ(found["holders"][0]["asked_by"], "queries: GET /slow-in-transaction");
  EXPECT_EQ(found["holders"][0]["transaction"], true);
  EXPECT_TRUE(found["holders"][0]["statement"].get<std::string>().starts_with("SELECT pg_sleep")) << found;
  const auto& all = found["statements"];
  const auto quick = std::find_if(all.begin(), all.end(), [](const auto& each) {
    return each["sql"] == "SELECT 1 AS one";
  });
  ASSERT_NE(quick, all.end()) << found;
  EXPECT_EQ((*quick)["count"], 20);
  EXPECT_EQ((*quick)["rows"], 20);
  EXPECT_EQ((*quick)["failures"], 0);
  EXPECT_LE((*quick)["p50_us"], (*quick)["p99_us"]);
  EXPECT_EQ(get(node->admin_port(), "/_troupe/database?limit=1").json()["statements"].size(), 1u);
  EXPECT_TRUE(is_problem(get(node->admin_port(), "/_troupe/database?limit=-1"), 400));
  client.reset();
}

TEST_F(QueryLimits, WhatANodeThatIsKilledHasLeftEndsAtTheServer) {
  if (std::stoi(number("SHOW server_version_num")) < 140000)
    GTEST_SKIP() << "servers look at their clients since PostgreSQL 14";
  auto node = start_node({"--storage-query-timeout", "1h"});
  http_connection client{node->http_port()};
  client.send("GET /slow-in-transaction?s=3600 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually_sleepers("1"));
  node->kill();
  ASSERT_TRUE(node->wait());
  EXPECT_TRUE(eventually_sleepers("0"));
  client.reset();
}

TEST_F(QueryLimits, SlowStatementsAreLoggedWithTheirPlanWhereThatIsWanted) {
  auto node = start_node({"--storage-slow-statement", "100ms", "--storage-explain-slow"});
  EXPECT_EQ(get(node->http_port(), "/slow?s=0.15").body, "slept");
  EXPECT_TRUE(node->wait_for_message("slow statement: .* ms, 1 rows, for queries: GET /slow: SELECT pg_sleep.*; "
                                     "plan: Result .*cost=.*"))
      << node->log_text();
  EXPECT_EQ(get(node->http_port(), "/quick").status, 200);
  EXPECT_EQ(node->log_text().find("SELECT 1"), std::string::npos) << "that one is quick";
  // A transaction goes on as if nothing had been asked.
  EXPECT_EQ(get(node->http_port(), "/slow-in-transaction?s=0.15").body, "slept");
  EXPECT_TRUE(node->wait_for_message("slow statement: .* ms, 1 rows, for queries: GET /slow-in-transaction: "
                                     "SELECT pg_sleep.*; plan: Result .*cost=.*"))
      << node->log_text();
  EXPECT_EQ(run_sql(url(), "SELECT count(*) FROM mark"), "1\n");
}

TEST_F(QueryLimits, AStatementThatTookTooLongIsLoggedWithItsPlanToo) {
  auto node = start_node({"--storage-slow-statement", "100ms", "--storage-explain-slow", "--storage-query-timeout", "500ms"});
  EXPECT_TRUE(is_problem(get(node->http_port(), "/slow?s=30"), 504));
  EXPECT_TRUE(node->wait_for_message("slow statement: .* ms, deadline_exceeded, for queries: GET /slow: SELECT pg_sleep.*; "
                                     "plan: Result .*cost=.*"))
      << node->log_text();
}

/// Answers of a node that has no connection to give, and what its log says.
class PoolTrouble : public QueryLimits {
protected:
  void expect_trouble(gateway& node, const std::string& why, const std::string& who) {
    const auto answer = get(node.http_port(), "/quick");
    EXPECT_TRUE(is_problem(answer, 503)) << answer;
    EXPECT_TRUE(answer.header("Retry-After")) << answer;
    const auto detail = answer.json()["detail"].get<std::string>();
    EXPECT_NE(detail.find(why), std::string::npos) << detail;
    EXPECT_EQ(detail.find("SELECT"), std::string::npos) << "clients are not shown statements: " << detail;
    EXPECT_TRUE(node.wait_for_message(".*" + why + ".*" + who + ".*")) << node.log_text();
  }
};

TEST_F(PoolTrouble, IsAServerThatIsAway) {
  auto node = start_node({"--storage-acquire-timeout", "300ms"});
  const auto name = run_sql(url(), "SELECT current_database()");
  run_sql(*postgres_server(), "DROP DATABASE " + name + " WITH (FORCE)");
  expect_trouble(*node, "the database cannot be reached", "");
}

TEST_F(PoolTrouble, IsSlowStatements) {
  auto node = start_node({"--storage-acquire-timeout", "300ms", "--storage-max-connections", "2"});
  std::vector<http_connection> clients;
  for (int i = 0; i < 2; ++i)
    clients.emplace_back(node->http_port()).send("GET /slow?s=30 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually_sleepers("2"));
  expect_trouble(*node, "slow statements run on 2 of 2 connections", "queries: GET /slow runs SELECT pg_sleep");
  for (auto& each : clients)
    each.reset();
}

TEST_F(PoolTrouble, IsATransactionThatDoesNothing) {
  auto node = start_node({"--storage-acquire-timeout", "300ms", "--storage-max-connections", "1"});
  EXPECT_EQ(http_client{node->http_port()}.post("/leak").body, "leaked");
  expect_trouble(*node, "1 of 1 connection held by transactions that do nothing",
                 "leak has a transaction for .* and runs nothing");
}

TEST_F(PoolTrouble, IsAPoolThatIsTooSmall) {
  auto node = start_node({"--storage-acquire-timeout", "600ms", "--storage-max-connections", "1"});
  std::vector<http_connection> clients; // each is quick; but there are many, and all of them were there before
  for (int i = 0; i < 100; ++i)
    clients.emplace_back(node->http_port()).send("GET /slow?s=0.1 HTTP/1.1\r\nHost: h\r\n\r\n");
  expect_trouble(*node, "1 connection is too few for what is asked of the database",
                 "queries: GET /slow runs SELECT pg_sleep");
}

TEST_F(PoolTrouble, AWaitThatIsLongIsToldBeforeItIsOver) {
  auto node = start_node({"--storage-slow-acquire", "100ms", "--storage-acquire-timeout", "10m",
                          "--storage-max-connections", "1", "--http-handler-timeout", "10m"});
  http_connection holder{node->http_port()};
  holder.send("GET /slow?s=600 HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually_sleepers("1"));
  http_connection waits{node->http_port()};
  waits.send("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(node->wait_for_message("a statement still waits: no database connection within .*: slow statements run on "
                                     "1 of 1 connection, 1 waiting; queries: GET /slow runs SELECT pg_sleep.*"))
      << node->log_text();
  holder.reset();
  EXPECT_EQ(waits.read().status, 200);
}

} // namespace
} // namespace troupe::test
