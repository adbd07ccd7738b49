// Statements that go to PostgreSQL at once: each must come out as if it had gone alone.
#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/eventually.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;
using namespace std::chrono_literals;

class batch_pgtest : public ::testing::Test {
protected:
  /// What came of each: the first cell, the number of rows it changed as "#1", or the code of its error. `at_once`
  /// of them go out together, as they would in one step of a loop. Those of which nothing is left are executed by
  /// themselves, as the pool has it.
  std::vector<string> run(const std::vector<sql_statement>& statements) {
    for (const auto& each : statements)
      if (!connection_->expected_time(each.sql))
        prepare(each);
    through_a_pipe run{connection_->open_pipe()};
    for (std::size_t i = 0; i < statements.size();) {
      for (const auto end = std::min(i + at_once, statements.size()); i < end; ++i)
        run.put(statements[i]);
      run.flush();
    }
    run.wait();
    const bool lost = run.pipe->lost();
    run.pipe.reset();
    for (const auto i : run.undone)
      if (!lost)
        run.out[i] = executed(statements[i]);
    return run.out;
  }

  struct through_a_pipe final : statement_pipe::receiver {
    explicit through_a_pipe(std::unique_ptr<statement_pipe> made) : pipe(std::move(made)) {}

    void put(const sql_statement& what) {
      if (pipe->put(what))
        under_way.push_back(out.size());
      else
        undone.push_back(out.size());
      out.emplace_back();
    }

    /// Takes what comes meanwhile, too.
    void flush() {
      while (!pipe->flush())
        wait_for(POLLIN | POLLOUT);
      pipe->receive(*this);
    }

    void wait() {
      while (!under_way.empty())
        wait_for(POLLIN);
    }

    void wait_for(int events) {
      pollfd socket{pipe->socket(), static_cast<short>(events), 0};
      ASSERT_GT(::poll(&socket, 1, 60'000), 0) << "nothing has come";
      if ((socket.revents & ~POLLOUT) != 0)
        pipe->receive(*this);
    }

    void ended(statement_pipe::outcome&& what) noexcept override {
      const auto place = under_way.front();
      under_way.pop_front();
      if (std::holds_alternative<statement_pipe::undone>(what))
        undone.push_back(place);
      else
        out[place] = describe(what);
    }

    std::unique_ptr<statement_pipe> pipe;
    std::deque<std::size_t> under_way;
    std::vector<std::size_t> undone;
    std::vector<string> out;
  };

  string executed(const sql_statement& what) {
    try {
      return describe(statement_pipe::outcome{connection_->execute(what)});
    } catch (...) {
      return describe(statement_pipe::outcome{std::current_exception()});
    }
  }

  static string describe(const statement_pipe::outcome& what) {
    if (const auto* result = std::get_if<sql_result>(&what))
      return result->cells.empty() ? "#" + std::to_string(result->affected_rows)
                                   : describe(result->cells.front());
    try {
      std::rethrow_exception(std::get<std::exception_ptr>(what));
    } catch (const error& e) {
      return string{to_string(e.code())};
    }
  }
  static string describe(const sql_value& cell) {
    if (const auto* number = std::get_if<int64_t>(&cell))
      return std::to_string(*number);
    const auto* text = std::get_if<string>(&cell);
    return text != nullptr ? *text : "?";
  }

  /// Only statements that have been seen go with others: as one that does nothing, in a transaction that is
  /// rolled back.
  void prepare(const sql_statement& what) {
    connection_->execute({"BEGIN", {}});
    try {
      connection_->execute(what);
    } catch (const error&) { // it is to fail in the batch, too
    }
    connection_->execute({"ROLLBACK", {}});
  }

  int64_t count(const string& table) {
    return std::get<int64_t>(connect(database_->settings())
                               ->execute({"SELECT count(*) FROM " + table, {}})
                               .cells.at(0));
  }

  std::unique_ptr<test_database> database_ = make_test_database();
  std::unique_ptr<connection> connection_ = connect(database_->settings());
  std::size_t at_once = 1'000'000;
};

using texts = std::vector<string>;

sql_statement echo(int64_t value) {
  return statement("SELECT CAST($1 AS BIGINT)", value);
}

TEST_F(batch_pgtest, gives_each_its_own_answer) {
  connection_->run_script("CREATE TABLE t (v BIGINT)");
  std::vector<sql_statement> all;
  texts expected;
  for (int64_t i = 0; i < 60; ++i) {
    all.push_back(i % 3 == 0 ? statement("INSERT INTO t VALUES ($1)", i) : echo(i));
    expected.push_back(i % 3 == 0 ? "#1" : std::to_string(i));
  }
  EXPECT_EQ(run(all), expected);
  EXPECT_EQ(count("t"), 20);
  EXPECT_FALSE(connection_->in_transaction());
  EXPECT_EQ(run({statement("UPDATE t SET v = 0 WHERE v < $1", int64_t{30}),
                 statement("SELECT count(*) FROM t WHERE v = 0"), statement("DELETE FROM t RETURNING 7")}),
            (texts{"#10", "10", "7"}));
}

TEST_F(batch_pgtest, is_joined_by_others_while_it_runs) {
  connection_->run_script("CREATE TABLE t (v BIGINT)");
  const auto divide = [](int64_t by) { return statement("SELECT 10 / CAST($1 AS BIGINT)", by); };
  run({divide(1)});
  for (const std::size_t step : {1U, 3U, 16U, 17U}) {
    at_once = step;
    std::vector<sql_statement> all;
    texts expected;
    for (int64_t i = 0; i < 100; ++i)
      if (i % 10 == 4) {
        all.push_back(statement("INSERT INTO t VALUES ($1)", i));
        expected.emplace_back("#1");
      } else if (i % 23 == 7) {
        all.push_back(divide(0));
        expected.emplace_back("internal");
      } else {
        all.push_back(echo(i));
        expected.push_back(std::to_string(i));
      }
    EXPECT_EQ(run(all), expected);
    EXPECT_TRUE(connection_->healthy());
  }
  EXPECT_EQ(count("t"), 40);
}

TEST_F(batch_pgtest, a_read_for_many_keys_is_a_transaction_of_its_own) {
  const auto begins_of_transactions = [&](std::size_t keys) {
    sql_array all;
    all.elements.assign(keys, sql_value{int64_t{1}});
    const auto begin = statement("SELECT CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) FROM pg_sleep(0.002) "
                                 "WHERE 1 = ANY(CAST($1 AS BIGINT[]))", std::move(all));
    const auto found = run({begin, begin, begin});
    return std::set(found.begin(), found.end()).size();
  };
  EXPECT_EQ(begins_of_transactions(15), 1u);
  EXPECT_EQ(begins_of_transactions(16), 3u);
}

TEST_F(batch_pgtest, what_a_read_sets_for_its_transaction_is_for_itself) {
  connection_->run_script("CREATE FUNCTION sees(who TEXT) RETURNS TEXT LANGUAGE sql AS "
                          "$$SELECT set_config('app.tenant', who, true)$$");
  const auto tenant = statement("SELECT coalesce(NULLIF(current_setting('app.tenant', true), ''), 'nobody')");
  const auto set = [](string who) { return statement("SELECT set_config('app.tenant', $1, true)", std::move(who)); };
  const auto sees = [](string who) { return statement("SELECT sees($1)", std::move(who)); };
  EXPECT_EQ(run({tenant, set("a"), tenant, sees("b"), tenant, echo(1), tenant}),
            (texts{"nobody", "a", "nobody", "b", "nobody", "1", "nobody"}));
}

TEST_F(batch_pgtest, what_is_notified_by_hand_has_a_transaction_for_each) { // within one the server tells equal ones once
  const auto notify = statement("SELECT pg_current_xact_id()::text FROM pg_notify('a', 'x')");
  const auto found = run({notify, notify});
  EXPECT_NE(found.at(0), found.at(1));
}

TEST_F(batch_pgtest, an_error_is_that_of_its_statement_alone) {
  connection_->run_script("CREATE TABLE t (v BIGINT PRIMARY KEY)");
  const auto divide = [](int64_t by) { return statement("SELECT 10 / CAST($1 AS BIGINT)", by); };
  const auto insert = [](int64_t v) { return statement("INSERT INTO t VALUES ($1)", v); };
  run({divide(1)});
  EXPECT_EQ(run({divide(2), divide(0), divide(5), insert(1), insert(1), divide(1), insert(2), divide(0)}),
            (texts{"5", "internal", "2", "#1", "conflict", "10", "#1", "internal"}));
  EXPECT_EQ(count("t"), 2);
  EXPECT_EQ(run({statement("SELECT CAST($1 AS TEXT)", string{"a\0b", 3}),
                 statement("SELECT CAST($1 AS TEXT)", string{"c"})}),
            (texts{"invalid_argument", "c"}));
}

TEST_F(batch_pgtest, what_a_read_has_changed_beside_a_failure_is_changed_once) {
  connection_->run_script("CREATE TABLE t (v BIGINT);"
                          "CREATE FUNCTION add(v BIGINT) RETURNS BIGINT LANGUAGE sql AS "
                          "'INSERT INTO t VALUES (v) RETURNING v'");
  const auto add = [](int64_t v) { return statement("SELECT add($1)", v); };
  const auto divide = [](int64_t by) { return statement("SELECT 10 / CAST($1 AS BIGINT)", by); };
  run({divide(1)});
  EXPECT_EQ(run({add(1), add(2), divide(0), add(3)}), (texts{"1", "2", "internal", "3"}));
  EXPECT_EQ(count("t"), 3);
}

TEST_F(batch_pgtest, a_constraint_that_is_looked_at_in_the_end_fails_its_statement_alone) {
  connection_->run_script("CREATE TABLE a (id BIGINT PRIMARY KEY);"
                          "CREATE TABLE b (a BIGINT REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
                          "INSERT INTO a VALUES (1)");
  const auto insert = [](int64_t v) { return statement("INSERT INTO b VALUES ($1)", v); };
  EXPECT_EQ(run({insert(1), insert(7), echo(3), insert(1)}), (texts{"#1", "conflict", "3", "#1"}));
  EXPECT_EQ(count("b"), 2);
}

TEST_F(batch_pgtest, statements_that_the_server_has_forgotten_or_that_are_out_of_date_are_run_all_the_same) {
  connection_->run_script("CREATE TABLE t (v BIGINT); INSERT INTO t VALUES (5)");
  const std::vector<sql_statement> all{statement("SELECT * FROM t"), echo(1),
                                       statement("INSERT INTO t VALUES ($1)", int64_t{6})};
  EXPECT_EQ(run(all), (texts{"5", "1", "#1"}));
  connection_->run_script("DEALLOCATE ALL");
  EXPECT_EQ(run(all), (texts{"5", "1", "#1"}));
  connection_->run_script("ALTER TABLE t ADD w TEXT; ALTER TABLE t ALTER v TYPE TEXT");
  EXPECT_EQ(run({all[0], all[1]}), (texts{"5", "1"}));
  EXPECT_EQ(count("t"), 3);
}

TEST_F(batch_pgtest, much_in_both_directions_blocks_neither) {
  std::vector<sql_statement> all;
  for (int i = 0; i < 64; ++i)
    all.push_back(statement("SELECT CAST($1 AS TEXT)", string(1 << 20, static_cast<char>('a' + i % 26))));
  const auto found = run(all);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_TRUE(found[i] == std::get<string>(all[i].parameters[0])) << i;
}

TEST_F(batch_pgtest, what_was_not_answered_before_the_session_broke_is_reported_so_and_not_run_again) {
  connection_->run_script("CREATE TABLE t (v BIGINT)");
  const auto insert = [](int64_t v) { return statement("INSERT INTO t VALUES ($1)", v); };
  const auto end_at = [](int64_t v) {
    return statement("SELECT pg_terminate_backend(pg_backend_pid()) WHERE $1 = 7", v);
  };
  run({end_at(1), insert(1)});
  connection_->execute({"DELETE FROM t", {}});
  const auto found = run({insert(1), echo(2), insert(3), end_at(7), insert(4), echo(5)});
  EXPECT_EQ(found, (texts{"#1", "2", "#1", "outcome_unknown", "outcome_unknown", "outcome_unknown"}));
  EXPECT_FALSE(connection_->healthy());
  EXPECT_EQ(count("t"), 2);
  EXPECT_EQ(connection_->open_pipe(), nullptr);
}

/// Changes that share a commit must come out as if they had gone alone, too.
class group_commit_pgtest : public batch_pgtest {
protected:
  static config::storage_settings with_group_commit(config::storage_settings settings) {
    settings.group_commit = true;
    return settings;
  }

  group_commit_pgtest() { connection_ = connect(with_group_commit(database_->settings())); }
};

TEST_F(group_commit_pgtest, has_changes_beside_each_other_in_one_transaction) {
  connection_->run_script("CREATE TABLE t (v BIGINT)");
  const auto insert = [](int64_t v) {
    return statement("INSERT INTO t VALUES ($1) RETURNING CAST(pg_current_xact_id() AS TEXT)", v);
  };
  const auto in_how_many = [&](const std::vector<sql_statement>& all) {
    const auto found = run(all);
    return std::set<string>{found.begin(), found.end()}.size();
  };
  EXPECT_EQ(in_how_many({insert(1), insert(2), insert(3), insert(4)}), 1U);
  EXPECT_EQ(count("t"), 4);
  at_once = 2;
  EXPECT_EQ(in_how_many({insert(5), insert(6), insert(7), insert(8)}), 2U);
  connection_ = connect(database_->settings());
  at_once = 100;
  EXPECT_EQ(in_how_many({insert(9), insert(10), insert(11), insert(12)}), 4U);
  EXPECT_EQ(count("t"), 12);
}

TEST_F(group_commit_pgtest, gives_each_its_own_answer_and_its_own_error) {
  connection_->run_script("CREATE TABLE t (v BIGINT PRIMARY KEY CHECK (v <> 13)); INSERT INTO t VALUES (0)");
  const auto insert = [](int64_t v) { return statement("INSERT INTO t VALUES ($1)", v); };
  for (const std::size_t step : {1U, 3U, 40U}) {
    at_once = step;
    EXPECT_EQ(run({insert(1), insert(2), echo(5), insert(3), insert(1), insert(4), insert(13), insert(5),
                   statement("UPDATE t SET v = v - 1 WHERE v <= $1", int64_t{0})}),
              (texts{"#1", "#1", "5", "#1", "conflict", "#1", "unprocessable", "#1", "#1"}));
    EXPECT_EQ(run({statement("DELETE FROM t WHERE v > $1", int64_t{0})}), texts{"#5"});
  }
  EXPECT_FALSE(connection_->in_transaction());
}

TEST_F(group_commit_pgtest, a_constraint_that_is_looked_at_in_the_end_fails_its_statement_alone) {
  connection_->run_script("CREATE TABLE a (id BIGINT PRIMARY KEY);"
                          "CREATE TABLE b (a BIGINT REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
                          "INSERT INTO a VALUES (1)");
  const auto insert = [](int64_t v) { return statement("INSERT INTO b VALUES ($1)", v); };
  EXPECT_EQ(run({insert(1), insert(7), insert(1)}), (texts{"#1", "conflict", "#1"}));
  EXPECT_EQ(count("b"), 2);
}

TEST_F(group_commit_pgtest, a_deadlock_that_only_the_group_is_in_is_none_of_its_changes) {
  connection_->run_script("CREATE TABLE t (id BIGINT, v BIGINT); INSERT INTO t VALUES (1, 0), (2, 0)");
  const auto change = [](int64_t id) { return statement("UPDATE t SET v = v + 1 WHERE id = $1", id); };
  run({change(3)});
  const auto other = connect(database_->settings());
  const auto watcher = connect(database_->settings());
  other->execute({"SET deadlock_timeout = '10min'", {}}); // so that it is the other side that ends it,
  connection_->execute({"SET deadlock_timeout = '4s'", {}}); // which looks once, and not too early
  other->execute({"BEGIN", {}});
  other->execute(change(2));
  texts found;
  std::jthread group{[&] { found = run({change(1), change(2)}); }};
  EXPECT_TRUE(troupe::test::eventually([&] {
    return !watcher
              ->execute({"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                         "AND datname = current_database()",
                         {}})
              .cells.empty();
  }));
  other->execute(change(1)); // which the group has
  other->execute({"COMMIT", {}});
  group.join();
  EXPECT_EQ(found, (texts{"#1", "#1"}));
  EXPECT_EQ(watcher->execute({"SELECT sum(v) FROM t", {}}).cells.at(0), sql_value{numeric{"4"}});
}

TEST_F(group_commit_pgtest, what_was_in_a_group_when_the_session_broke_is_reported_as_unknown) {
  connection_->run_script("CREATE TABLE t (v BIGINT)");
  const auto insert = [](int64_t v) { return statement("INSERT INTO t VALUES ($1)", v); };
  const auto insert_or_end = [](int64_t v) {
    return statement("INSERT INTO t SELECT v FROM (SELECT CAST($1 AS BIGINT) AS v) AS given "
                     "WHERE v <> 7 OR pg_terminate_backend(pg_backend_pid())", v);
  };
  run({insert_or_end(1), insert(1)});
  const auto found = run({insert(2), insert(3), echo(4), insert(5), insert_or_end(7), insert(6)});
  EXPECT_EQ(found, (texts{"#1", "#1", "4", "outcome_unknown", "outcome_unknown", "outcome_unknown"}));
  EXPECT_EQ(count("t"), 4);
}

class batches_of_a_pool_pgtest : public batch_pgtest {
protected:
  /// So many transactions have 200 statements that came at once been run in.
  std::size_t transactions(unsigned max_batch) {
    auto settings = database_->settings();
    settings.max_connections = 1;
    settings.max_batch = max_batch;
    settings.acquire_timeout = 60s;
    pool_client client{settings};
    const auto now = statement("SELECT CAST(now() AS TEXT)");
    client.ask(now); // it is known from here on
    for (int i = 0; i < 200; ++i)
      client.send(now);
    std::set<string> out;
    for (int i = 0; i < 200; ++i)
      out.insert(std::get<string>(client.next().as<sql_result>().cells.at(0)));
    return out.size();
  }
};

TEST_F(batches_of_a_pool_pgtest, are_made_of_what_waits) {
  EXPECT_LT(transactions(64), 200U); // how many depends on how long each takes
}

TEST_F(batches_of_a_pool_pgtest, are_not_made_where_the_setting_says_so) {
  EXPECT_EQ(transactions(1), 200U);
}

TEST_F(batches_of_a_pool_pgtest, have_no_slow_statements) {
  auto settings = database_->settings();
  settings.max_connections = 1;
  settings.acquire_timeout = 60s;
  pool_client client{settings};
  const auto slow = statement("SELECT CAST(now() AS TEXT), CAST(pg_sleep(0.02) AS TEXT)");
  client.ask(slow);
  for (int i = 0; i < 10; ++i)
    client.send(slow);
  std::set<string> found;
  for (int i = 0; i < 10; ++i)
    found.insert(std::get<string>(client.next().as<sql_result>().cells.at(0)));
  EXPECT_EQ(found.size(), 10U) << "some have shared a transaction";
}

} // namespace
} // namespace troupe::storage::test
