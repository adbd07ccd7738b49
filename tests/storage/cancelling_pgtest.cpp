// A server that cannot be told to cancel a statement: it takes the connection for that, and does not answer.
#include "storage/detail/cancellations.hpp"
#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <chrono>
#include <memory>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using namespace std::chrono_literals;

class cancelling_pgtest : public ::testing::Test {
protected:
  cancelling_pgtest() { EXPECT_EQ(echo(1), sql_value{int64_t{1}}); }
  ~cancelling_pgtest() override { cluster_.thaw(); }

  config::storage_settings settings() const {
    config::storage_settings out;
    out.url = cluster_.url();
    out.max_connections = 1;
    out.acquire_timeout = 60s;
    out.connect_timeout = troupe::test::scaled(500ms);
    return out;
  }

  sql_value echo(int64_t value) {
    return client_.ask(statement("SELECT CAST($1 AS BIGINT)", value)).as<sql_result>().cells.at(0);
  }

  /// The number of a statement that runs.
  std::uint64_t begin(const char* sql) {
    const auto call = client_.send(statement(sql));
    EXPECT_TRUE(troupe::test::eventually([&] {
      return !watcher_->execute({"SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = $1", {sql}})
                .cells.empty();
    }));
    return call;
  }

  troupe::test::postgres_cluster cluster_;
  pool_client client_{settings()};
  std::unique_ptr<connection> watcher_ = connect(settings());
};

TEST_F(cancelling_pgtest, is_given_up_and_the_connection_replaced) {
  const auto call = begin("SELECT pg_sleep(3600)");
  cluster_.freeze();
  client_.abandon(call);
  EXPECT_EQ(client_.next().as<failure>().code, errc::outcome_unknown) << "the connection was shut";
  cluster_.thaw(); // which can be told now, but of nothing that the new connection runs
  for (int64_t i = 2; i < 100; ++i)
    EXPECT_EQ(echo(i), sql_value{i});
}

TEST_F(cancelling_pgtest, holds_up_no_statement_that_has_ended_meanwhile_for_longer_than_connecting_may_take) {
  watcher_->execute({"SELECT pg_advisory_lock(1)", {}});
  const auto call = begin("SELECT pg_advisory_lock(1)");
  cluster_.freeze();
  client_.abandon(call);
  watcher_->execute({"SELECT pg_advisory_unlock(1)", {}});
  EXPECT_EQ(client_.next().call, call);
  cluster_.thaw();
  EXPECT_EQ(echo(2), sql_value{int64_t{2}});
}

TEST_F(cancelling_pgtest, is_given_up_also_where_too_many_wait_to_be_told) {
  auto many = settings();
  many.max_connections = cancellations::most_at_once + 4;
  pool_client client{many};
  std::vector<std::uint64_t> calls;
  for (unsigned i = 0; i < many.max_connections; ++i)
    calls.push_back(client.send(statement("SELECT pg_sleep(3600)")));
  EXPECT_TRUE(troupe::test::eventually([&] {
    return watcher_->execute({"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(3600)'", {}})
             .cells.at(0) == sql_value{int64_t{many.max_connections}};
  }));
  cluster_.freeze();
  for (const auto call : calls)
    client.abandon(call);
  for (unsigned i = 0; i < many.max_connections; ++i)
    EXPECT_EQ(client.next().as<failure>().code, errc::outcome_unknown);
  cluster_.thaw();
}

TEST_F(cancelling_pgtest, does_not_hold_up_the_end) {
  const auto call = begin("SELECT pg_sleep(3600)");
  cluster_.freeze();
  client_.abandon(call);
  client_.stop(); // waits
}

} // namespace
} // namespace troupe::storage::test
