// A server whose process stands still: it takes what it is sent, and says nothing, not even that the time is up.
#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using namespace std::chrono_literals;
using troupe::test::scaled;

class silent_server_pgtest : public ::testing::Test {
protected:
  static void SetUpTestSuite() { cluster_ = std::make_unique<troupe::test::postgres_cluster>(); }
  static void TearDownTestSuite() { cluster_.reset(); }
  ~silent_server_pgtest() override {
    for (const auto pid : frozen_)
      ::kill(pid, SIGCONT);
  }

  config::storage_settings settings() const {
    config::storage_settings out;
    out.url = cluster_->url();
    out.max_connections = 1;
    out.acquire_timeout = 60s;
    out.query_timeout = limit;
    out.connect_timeout = connecting;
    return out;
  }

  /// Of the session's process at the server.
  void freeze(const sql_result& pid) {
    frozen_.push_back(static_cast<pid_t>(std::get<int64_t>(pid.cells.at(0))));
    ASSERT_EQ(::kill(frozen_.back(), SIGSTOP), 0);
  }

  sql_result run(sql_statement what) { return client_.ask(std::move(what)).as<sql_result>(); }

  void expect_another_session() { EXPECT_EQ(run(statement("SELECT CAST(7 AS BIGINT)")).cells.at(0), sql_value{int64_t{7}}); }

  static constexpr const char* own_pid = "SELECT CAST(pg_backend_pid() AS BIGINT)";

  const std::chrono::milliseconds limit = scaled(200ms);
  const std::chrono::milliseconds connecting = scaled(500ms);
  static inline std::unique_ptr<troupe::test::postgres_cluster> cluster_;
  pool_client client_{settings()};
  std::vector<pid_t> frozen_;
};

TEST_F(silent_server_pgtest, loses_the_session_after_the_time_limit_of_statements) {
  freeze(run(statement(own_pid)));
  EXPECT_EQ(client_.ask(statement("SELECT 'new to it'")).as<failure>().code, errc::unavailable);
  expect_another_session();
}

TEST_F(silent_server_pgtest, loses_the_session_on_which_a_loop_runs_quick_statements) {
  for (int i = 0; i < 3; ++i) // known to be quick, so that it goes through a pipe
    (void)run(statement(own_pid));
  freeze(run(statement(own_pid)));
  const auto first = client_.send(statement(own_pid));
  const auto second = client_.send(statement(own_pid));
  for (int i = 0; i < 2; ++i) {
    const auto answer = client_.next();
    EXPECT_TRUE(answer.call == first || answer.call == second);
    if (std::holds_alternative<failure>(answer.value))
      EXPECT_EQ(answer.as<failure>().code, errc::outcome_unknown);
    else
      EXPECT_EQ(answer.call, second) << "it waited, and was run on another session";
  }
  expect_another_session();
}

TEST_F(silent_server_pgtest, loses_the_session_of_a_transaction) {
  const auto lease = client_.ask(sql_acquire{}).as<sql_lease>();
  (void)client_.ask(lease, statement("BEGIN")).as<sql_result>();
  freeze(client_.ask(lease, statement(own_pid)).as<sql_result>());
  EXPECT_EQ(client_.ask(lease, statement("SELECT 2")).as<failure>().code, errc::unavailable);
  client_.release(lease);
  expect_another_session();
}

TEST_F(silent_server_pgtest, does_not_hold_up_a_transaction_that_is_given_back) {
  const auto lease = client_.ask(sql_acquire{}).as<sql_lease>();
  (void)client_.ask(lease, statement("BEGIN")).as<sql_result>();
  freeze(client_.ask(lease, statement(own_pid)).as<sql_result>());
  client_.release(lease); // to be rolled back
  expect_another_session();
}

TEST_F(silent_server_pgtest, is_no_transaction_that_has_set_a_limit_of_its_own) {
  const auto lease = client_.ask(sql_acquire{}).as<sql_lease>();
  (void)client_.ask(lease, statement("BEGIN")).as<sql_result>();
  (void)client_.ask(lease, statement("SET LOCAL STATEMENT_TIMEOUT = 0")).as<sql_result>();
  const auto longer = std::chrono::duration<double>{3 * (limit + connecting)}.count();
  (void)client_.ask(lease, statement("SELECT pg_sleep($1)", longer)).as<sql_result>();
  (void)client_.ask(lease, statement("COMMIT")).as<sql_result>();
  client_.release(lease);
}

/// A commit that waits for a replica has no limit at the server, and may have taken effect: it is neither given up nor
/// cancelled, whatever waits behind it.
TEST_F(silent_server_pgtest, is_none_that_waits_for_a_replica) {
  auto unlimited = settings();
  unlimited.query_timeout = 0ms;
  const auto other = connect(unlimited);
  const auto number = [&](const char* sql) { return std::get<int64_t>(other->execute({sql, {}}).cells.at(0)); };
  const auto waiting = [&] { return number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"); };
  const auto wait_for_replica = [&](const char* setting) {
    other->run_script(setting);
    other->execute({"SELECT pg_reload_conf()", {}});
  };
  const auto insert = statement("INSERT INTO kept VALUES (1)");
  other->execute({"CREATE TABLE kept (v BIGINT)", {}});
  for (int i = 0; i < 3; ++i)
    (void)run(insert); // known to be quick, so that it goes through a pipe

  wait_for_replica("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  pool_client first_to_wait{unlimited}; // the server hears of it some time later
  int sent = 0;
  do {
    first_to_wait.send(insert);
    ++sent;
  } while (!troupe::test::eventually([&] { return waiting() == 1; }, 200ms) && sent < 100);
  const auto visible = number("SELECT count(*) FROM kept");
  for (int i = 0; i < 2; ++i)
    client_.send(insert); // the second one behind the first one
  EXPECT_TRUE(troupe::test::eventually([&] { return waiting() == 2; }));
  other->execute({"SELECT pg_sleep($1)", {std::chrono::duration<double>{4 * (limit + connecting)}.count()}});
  EXPECT_EQ(waiting(), 2);
  EXPECT_EQ(number("SELECT count(*) FROM kept"), visible);

  wait_for_replica("ALTER SYSTEM RESET synchronous_standby_names");
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(client_.next().as<sql_result>().affected_rows, 1);
  for (int i = 0; i < sent; ++i)
    (void)first_to_wait.next().as<sql_result>();
}

/// One that takes connections and says nothing.
TEST_F(silent_server_pgtest, is_passed_over_when_the_url_names_another_one) {
  const troupe::test::loopback_listener silent{8};
  auto both = settings();
  both.url = "postgres://troupe@127.0.0.1:" + std::to_string(silent.port) + ",127.0.0.1:"
             + std::to_string(cluster_->port()) + "/postgres";
  EXPECT_EQ(connect(both)->execute({"SELECT CAST(3 AS BIGINT)", {}}).cells.at(0), sql_value{int64_t{3}});
}

} // namespace
} // namespace troupe::storage::test
