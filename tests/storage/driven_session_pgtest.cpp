// Quick statements, which an event loop runs on the sessions of the pool: what is not quick beside them, and what goes
// wrong among them.
#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/eventually.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;
using namespace std::chrono_literals;

class driven_session_pgtest : public ::testing::Test {
protected:
  driven_session_pgtest() { other_->run_script("CREATE TABLE t (id BIGINT, v BIGINT); INSERT INTO t VALUES (1, 0)"); }

  config::storage_settings with(unsigned connections) const {
    auto out = database_->settings();
    out.max_connections = connections;
    out.acquire_timeout = 60s;
    return out;
  }

  static sql_statement echo(int64_t value) { return statement("SELECT CAST($1 AS BIGINT)", value); }
  static sql_statement change_the_row() { return statement("UPDATE t SET v = v + 1 WHERE id = $1", int64_t{1}); }
  static sql_statement insert(int64_t id) { return statement("INSERT INTO t VALUES ($1, 1)", id); }

  /// From here on these are quick.
  static void make_known(pool_client& client) {
    for (int i = 0; i < 2; ++i) {
      (void)client.ask(echo(1)).as<sql_result>();
      (void)client.ask(statement("UPDATE t SET v = v + 1 WHERE id = $1", int64_t{0})).as<sql_result>();
      (void)client.ask(statement("INSERT INTO t SELECT $1, 1 WHERE false", int64_t{0})).as<sql_result>();
      (void)client.ask(insert(-1)).as<sql_result>();
    }
  }

  void lock_the_row() {
    other_->execute({"BEGIN", {}});
    other_->execute({"SELECT * FROM t WHERE id = 1 FOR UPDATE", {}});
  }
  void unlock_the_row() { other_->execute({"ROLLBACK", {}}); }

  bool one_waits_for_the_row() {
    return troupe::test::eventually([&] {
      return !watcher_
                ->execute({"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                           "AND datname = current_database()",
                           {}})
                .cells.empty();
    });
  }

  int64_t count_inserted() {
    return std::get<int64_t>(watcher_->execute({"SELECT count(*) FROM t WHERE id > 1", {}}).cells.at(0));
  }

  std::unique_ptr<test_database> database_ = make_test_database();
  std::unique_ptr<connection> other_ = connect(database_->settings());
  std::unique_ptr<connection> watcher_ = connect(database_->settings());
};

TEST_F(driven_session_pgtest, that_is_held_up_holds_up_no_others) {
  pool_client client{with(2)};
  make_known(client);
  lock_the_row();
  const auto held_up = client.send(change_the_row());
  EXPECT_TRUE(one_waits_for_the_row());
  for (int64_t i = 0; i < 50; ++i)
    EXPECT_EQ(client.ask(echo(i)).as<sql_result>().cells.at(0), sql_value{i});
  unlock_the_row();
  const auto last = client.next();
  EXPECT_EQ(last.call, held_up);
  EXPECT_EQ(last.as<sql_result>().affected_rows, 1);
}

TEST_F(driven_session_pgtest, ends_a_deadlock_of_those_who_wait_behind_the_one_that_waits_for_them) {
  pool_client client{with(2)};
  make_known(client);
  for (int round = 0; round < 10; ++round) { // how many go out behind it depends on the moment
    lock_the_row();
    const auto held_up = client.send(change_the_row());
    std::set<std::uint64_t> behind;
    for (int64_t i = 0; i < 5; ++i)
      behind.insert(client.send(echo(i)));
    while (!behind.empty()) { // only when all of them are answered is the row unlocked
      const auto answer = client.next();
      (void)answer.as<sql_result>();
      ASSERT_EQ(behind.erase(answer.call), 1U);
    }
    unlock_the_row();
    const auto last = client.next();
    EXPECT_EQ(last.call, held_up);
    EXPECT_EQ(last.as<sql_result>().affected_rows, 1);
  }
  EXPECT_EQ(watcher_->execute({"SELECT v FROM t WHERE id = 1", {}}).cells.at(0), sql_value{int64_t{10}});
}

TEST_F(driven_session_pgtest, ends_such_a_deadlock_also_when_they_were_to_share_a_commit) {
  auto settings = with(2);
  settings.group_commit = true;
  pool_client client{settings};
  make_known(client);
  int64_t next = 100;
  for (int round = 0; round < 10; ++round) {
    lock_the_row();
    const auto held_up = client.send(change_the_row());
    std::set<std::uint64_t> behind;
    for (int i = 0; i < 5; ++i)
      behind.insert(client.send(insert(++next)));
    while (!behind.empty()) { // only when all of them are answered is the row unlocked
      const auto answer = client.next();
      EXPECT_EQ(answer.as<sql_result>().affected_rows, 1);
      ASSERT_EQ(behind.erase(answer.call), 1U);
    }
    unlock_the_row();
    const auto last = client.next();
    EXPECT_EQ(last.call, held_up);
    EXPECT_EQ(last.as<sql_result>().affected_rows, 1);
  }
  EXPECT_EQ(count_inserted(), 50);
  EXPECT_EQ(watcher_->execute({"SELECT v FROM t WHERE id = 1", {}}).cells.at(0), sql_value{int64_t{10}});
}

TEST_F(driven_session_pgtest, gives_way_to_a_lease_though_quick_ones_keep_coming) {
  pool_client client{with(1)};
  make_known(client);
  std::map<std::uint64_t, int64_t> asked;
  int64_t next = 0;
  const auto ask_one = [&] {
    ++next;
    asked[client.send(echo(next))] = next;
  };
  for (int i = 0; i < 64; ++i)
    ask_one();
  const auto wish = client.send(sql_acquire{});
  for (int before = 0;; ++before) {
    const auto answer = client.next();
    if (answer.call == wish) {
      client.release(answer.as<sql_lease>());
      break;
    }
    ASSERT_EQ(answer.as<sql_result>().cells.at(0), sql_value{asked.at(answer.call)});
    asked.erase(answer.call);
    ASSERT_LE(before, 64) << "those that came later were served first";
    ask_one();
  }
  while (!asked.empty()) {
    const auto answer = client.next();
    EXPECT_EQ(answer.as<sql_result>().cells.at(0), sql_value{asked.at(answer.call)});
    asked.erase(answer.call);
  }
}

TEST_F(driven_session_pgtest, cancels_one_of_many_for_that_one_alone) {
  pool_client client{with(1)};
  make_known(client);
  lock_the_row();
  const auto abandoned = client.send(change_the_row());
  std::set<std::uint64_t> others;
  for (int64_t i = 2; i < 12; ++i)
    others.insert(client.send(insert(i)));
  EXPECT_TRUE(one_waits_for_the_row());
  client.abandon(abandoned);
  for (int i = 0; i < 11; ++i) {
    const auto answer = client.next();
    if (answer.call == abandoned) {
      EXPECT_EQ(answer.as<failure>().code, errc::deadline_exceeded);
    } else {
      EXPECT_EQ(others.erase(answer.call), 1U);
      EXPECT_EQ(answer.as<sql_result>().affected_rows, 1);
    }
  }
  EXPECT_EQ(count_inserted(), 10);
  unlock_the_row();
  EXPECT_EQ(client.ask(echo(5)).as<sql_result>().cells.at(0), sql_value{int64_t{5}});
}

TEST_F(driven_session_pgtest, leaves_large_results_to_the_thread_and_takes_small_ones_again) {
  pool_client client{with(1)};
  const auto rows = [](int64_t count) { return statement("SELECT generate_series(1, $1)", count); };
  for (const int64_t count : {1, 1, 5'000, 5'000, 1, 1, 3, 5'000})
    EXPECT_EQ(client.ask(rows(count)).as<sql_result>().row_count(), static_cast<std::size_t>(count));
}

TEST_F(driven_session_pgtest, that_is_ended_while_it_is_idle_is_noticed_and_replaced_without_a_failure) {
  pool_client client{with(1)};
  make_known(client);
  for (int64_t i = 0; i < 3; ++i) {
    watcher_->execute({"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                       "AND (query LIKE 'INSERT INTO t%' OR query LIKE 'SELECT CAST(%')",
                       {}});
    EXPECT_TRUE(troupe::test::eventually(
      [&] { return client.ask(pool_statistics_request{}).as<pool_statistics>().idle == 0; }))
      << "its loop has not noticed";
    for (int again = 0; again < 50; ++again) // also when a run took long, it is quick in the end
      EXPECT_EQ(client.ask(echo(i)).as<sql_result>().cells.at(0), sql_value{i});
  }
}

TEST_F(driven_session_pgtest, ends_with_what_is_under_way) {
  pool_client client{with(1)};
  make_known(client);
  for (int64_t i = 2; i < 34; ++i)
    client.send(insert(i));
  client.stop(); // waits
  int64_t done = 0;
  for (int i = 0; i < 32; ++i) {
    const auto answer = client.next();
    if (std::holds_alternative<sql_result>(answer.value))
      ++done;
    else
      EXPECT_EQ(answer.as<failure>().code, errc::unavailable);
  }
  EXPECT_EQ(count_inserted(), done);
}

} // namespace
} // namespace troupe::storage::test
