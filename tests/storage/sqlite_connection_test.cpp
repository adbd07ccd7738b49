// What only SQLite does.
#include "storage/sqlite/sqlite_connection.hpp"

#include "storage/sqlite/writer_gate.hpp"
#include "tests/storage/pool_client.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/temp_directory.hpp"

#include <SQLiteCpp/Database.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <future>
#include <optional>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;
using namespace std::chrono_literals;

class sqlite_connection_test : public ::testing::Test {
protected:
  string path(const string& name = "test.db") const { return (folder_.path() / name).string(); }

  static string why_not(const string& file) {
    try {
      (void)sqlite::open(file);
    } catch (const statement_error& e) {
      EXPECT_EQ(e.code(), errc::unavailable);
      return e.internal();
    }
    ADD_FAILURE() << "opened " << file;
    return {};
  }

  troupe::test::temp_directory folder_;
};

TEST_F(sqlite_connection_test, says_which_file_it_cannot_open_and_why) {
  EXPECT_EQ(why_not(path("no/test.db")),
            "SQLite file " + path("no/test.db") + ": the folder " + path("no") + " does not exist");
  EXPECT_EQ(why_not(folder_.path().string()),
            "SQLite file " + folder_.path().string() + ": it is a folder");
  folder_.write("text.db", string(5'000, 'x'));
  EXPECT_EQ(why_not(path("text.db")), "SQLite file " + path("text.db") + ": file is not a database");
}

TEST_F(sqlite_connection_test, is_opened_by_many_at_the_same_time_also_when_the_file_is_new) {
  for (int round = 0; round < 20; ++round) {
    const auto file = path("new" + std::to_string(round) + ".db");
    std::vector<std::future<void>> opened;
    for (int i = 0; i < 4; ++i)
      opened.push_back(std::async(std::launch::async, [&] { (void)sqlite::open(file); }));
    for (auto& each : opened)
      EXPECT_NO_THROW(each.get());
  }
}

TEST_F(sqlite_connection_test, for_reading_makes_no_file) {
  EXPECT_EQ(sqlite::open_to_read(path()), nullptr);
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_THROW((void)sqlite::open_to_read(path("no/test.db")), statement_error);
  EXPECT_THROW((void)sqlite::open_to_read(folder_.path().string()), statement_error);
}

TEST_F(sqlite_connection_test, for_reading_leaves_the_file_as_it_is) {
  (void)sqlite::open(path())->execute({"CREATE TABLE t (id INTEGER)", {}});
  folder_.write("empty.db", "");
  for (const auto& name : {"test.db", "empty.db"}) {
    const auto before = troupe::test::read_file(path(name));
    const auto reader = sqlite::open_to_read(path(name));
    reader->execute({"SELECT count(*) FROM sqlite_schema", {}});
    EXPECT_THROW(reader->execute({"CREATE TABLE more (id INTEGER)", {}}), statement_error) << name;
    EXPECT_EQ(troupe::test::read_file(path(name)), before) << name;
  }
  const std::filesystem::directory_iterator left{folder_.path()};
  EXPECT_EQ(std::distance(begin(left), end(left)), 2) << "nothing may stay beside them";
}

TEST_F(sqlite_connection_test, runs_nothing_behind_a_transaction_that_sqlite_has_rolled_back) {
  const auto connection = sqlite::open(path());
  const auto run = [&](const string& sql) { return connection->execute({sql, {}}); };
  run("CREATE TABLE t (id INTEGER PRIMARY KEY)");
  run("INSERT INTO t VALUES (1)");
  for (const bool commits : {true, false}) {
    run("BEGIN");
    run("INSERT INTO t VALUES (2)");
    EXPECT_EQ(code_of([&] { run("INSERT OR ROLLBACK INTO t VALUES (1)"); }), errc::conflict);
    EXPECT_EQ(code_of([&] { run("INSERT INTO t VALUES (3)"); }), errc::conflict);
    if (commits)
      EXPECT_EQ(code_of([&] { run("COMMIT"); }), errc::conflict);
    else
      connection->reset();
    EXPECT_EQ(run("SELECT count(*) FROM t").cells[0], sql_value{int64_t{1}});
  }
}

TEST_F(sqlite_connection_test, reads_the_path_of_a_url) {
  EXPECT_EQ(sqlite::path_of("sqlite:a/b.db"), "a/b.db");
  EXPECT_EQ(sqlite::path_of("sqlite:/a/b.db"), "/a/b.db");
  EXPECT_EQ(sqlite::path_of("sqlite:///a/b.db"), "/a/b.db");
  EXPECT_EQ(code_of([] { (void)sqlite::path_of("sqlite:"); }), errc::invalid_argument);
  EXPECT_EQ(code_of([] { (void)sqlite::path_of("sqlite::memory:"); }), errc::invalid_argument);
}

TEST_F(sqlite_connection_test, reads_values_by_their_declared_type) {
  const auto connection = sqlite::open(path());
  connection->run_script(
    "CREATE TABLE t (b BOOLEAN, n INTEGER, r DECIMAL(10,2), j JSON, d DATETIME, x);"
    "INSERT INTO t VALUES (1, 1, '0.5', '[1]', '2026-01-31 12:00:00', 'x');"
    "INSERT INTO t VALUES (7, '12', 3, 5, 1700000000, x'00ff');");
  const auto found = connection->execute({"SELECT * FROM t", {}});
  EXPECT_EQ(found.cells,
            (std::vector<sql_value>{true, int64_t{1}, 0.5, json_text{"[1]"},
                                    timestamp{"2026-01-31T12:00:00"}, string{"x"}, int64_t{7},
                                    int64_t{12}, int64_t{3}, json_text{"5"}, int64_t{1700000000},
                                    blob{string{"\0\xff", 2}}}));
}

TEST_F(sqlite_connection_test, loses_the_sign_of_zero_in_a_column_of_reals_only) {
  const auto connection = sqlite::open(path());
  connection->run_script("CREATE TABLE t (v REAL)");
  connection->execute({"INSERT INTO t VALUES ($1)", {-0.0}});
  const auto found = connection->execute({"SELECT v, CAST($1 AS REAL) FROM t", {-0.0}});
  EXPECT_FALSE(std::signbit(std::get<double>(found.cells.at(0))));
  EXPECT_TRUE(std::signbit(std::get<double>(found.cells.at(1))));
}

TEST_F(sqlite_connection_test, refuses_values_that_postgres_would_refuse) {
  const auto connection = sqlite::open(path());
  auto code = [&](sql_value value) {
    return code_of([&] { connection->execute({"SELECT $1", {std::move(value)}}); });
  };
  EXPECT_EQ(code(json_text{"{not json"}), errc::invalid_argument);
  EXPECT_EQ(code(std::nan("")), errc::invalid_argument);
  for (const auto* name : {"NaN", "Infinity", "-Infinity"}) // which PostgreSQL takes
    EXPECT_EQ(code(numeric{name}), errc::invalid_argument);
  EXPECT_EQ(code(sql_array{{sql_array{{std::nan("")}}}}), errc::invalid_argument);
  EXPECT_EQ(code(sql_array{{json_text{"]"}}}), errc::invalid_argument);
  EXPECT_EQ(code_of([&] { connection->execute({"SELECT ?", {int64_t{1}}}); }), errc::internal);
  EXPECT_EQ(code_of([&] { connection->execute({"SELECT :a", {int64_t{1}}}); }), errc::internal);
}

TEST_F(sqlite_connection_test, enforces_foreign_keys_and_writes_ahead) {
  const auto connection = sqlite::open(path());
  EXPECT_EQ(connection->execute({"PRAGMA foreign_keys", {}}).cells[0], sql_value{int64_t{1}});
  EXPECT_EQ(connection->execute({"PRAGMA journal_mode", {}}).cells[0], sql_value{string{"wal"}});
  EXPECT_EQ(connection->execute({"PRAGMA synchronous", {}}).cells[0], sql_value{int64_t{1}});
}

TEST_F(sqlite_connection_test, lets_a_transaction_that_began_by_reading_write) {
  const auto first = sqlite::open(path());
  first->run_script("CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (0)");
  first->execute({"BEGIN", {}});
  first->execute({"SELECT v FROM t", {}});
  auto other = std::async(std::launch::async, [&] {
    return sqlite::open(path())->execute({"UPDATE t SET v = v + 1", {}}).affected_rows;
  });
  first->execute({"UPDATE t SET v = v + 1", {}});
  first->execute({"COMMIT", {}});
  EXPECT_EQ(other.get(), 1);
  EXPECT_EQ(first->execute({"SELECT v FROM t", {}}).cells[0], sql_value{int64_t{2}});
}

TEST_F(sqlite_connection_test, gives_the_turn_back_when_it_closes_in_a_transaction) {
  {
    const auto first = sqlite::open(path());
    first->execute({"CREATE TABLE t (v INTEGER)", {}});
    first->execute({"BEGIN", {}});
    first->execute({"INSERT INTO t VALUES (1)", {}});
  }
  const auto second = sqlite::open(path());
  EXPECT_EQ(second->execute({"INSERT INTO t VALUES (2)", {}}).affected_rows, 1);
  EXPECT_EQ(second->execute({"SELECT count(*) FROM t", {}}).cells[0], sql_value{int64_t{1}});
}

TEST(writer_gate, is_one_for_each_file) {
  EXPECT_EQ(sqlite::writer_gate::of("a.db"), sqlite::writer_gate::of("./a.db"));
  const auto a = sqlite::writer_gate::of("a.db");
  EXPECT_NE(a, sqlite::writer_gate::of("b.db"));
}

TEST(writer_gate, lets_in_one_at_a_time_and_gives_up_in_time) {
  using clock = std::chrono::steady_clock;
  sqlite::writer_gate gate;
  std::atomic<bool> given_up = false;
  const auto enters_within = [&](std::chrono::milliseconds patience) { return gate.enter(clock::now() + patience, given_up); };
  ASSERT_TRUE(enters_within(0ms));
  EXPECT_FALSE(enters_within(1ms));
  gate.leave();
  ASSERT_TRUE(enters_within(0ms));
  auto next = std::async(std::launch::async, [&] { return enters_within(1min); });
  gate.leave();
  EXPECT_TRUE(next.get());
  EXPECT_FALSE(enters_within(0ms));
}

TEST(writer_gate, lets_go_who_gives_up) {
  sqlite::writer_gate gate;
  std::atomic<bool> given_up = false;
  const auto hour = std::chrono::steady_clock::now() + 1h;
  ASSERT_TRUE(gate.enter(hour, given_up));
  auto waits = std::async(std::launch::async, [&] { return gate.enter(hour, given_up); });
  given_up = true;
  gate.look_again();
  EXPECT_FALSE(waits.get());
  gate.leave();
  EXPECT_FALSE(gate.enter(hour, given_up));
  given_up = false;
  EXPECT_TRUE(gate.enter(hour, given_up));
}

/// Somebody else writes: in this process, or, as far as SQLite can tell, in another one.
class a_writer_that_waits : public sqlite_connection_test, public testing::WithParamInterface<bool> {
protected:
  a_writer_that_waits() {
    first_->execute({"CREATE TABLE t (v INTEGER)", {}});
    if (GetParam())
      other_.emplace(path(), SQLite::OPEN_READWRITE).exec("BEGIN IMMEDIATE");
    else
      first_->execute({"BEGIN", {}});
  }

  std::future<errc> begin_to_write(connection& on) {
    return std::async(std::launch::async, [&on] { return code_of([&] { on.execute({"INSERT INTO t VALUES (1)", {}}); }); });
  }

  void let_others_write() {
    if (other_)
      other_->exec("ROLLBACK");
    else
      first_->execute({"ROLLBACK", {}});
  }

  void expect_no_row_and_that(connection& second) {
    let_others_write();
    EXPECT_EQ(second.execute({"SELECT count(*) FROM t", {}}).cells[0], sql_value{int64_t{0}});
    EXPECT_EQ(second.execute({"INSERT INTO t VALUES (2)", {}}).affected_rows, 1) << "an earlier wish is no matter of this one";
  }

  std::unique_ptr<connection> first_ = sqlite::open(path());
  std::optional<SQLite::Database> other_;
};

TEST_P(a_writer_that_waits, is_cancelled) {
  const auto second = sqlite::open(path());
  const auto cancel = second->canceller();
  auto answer = begin_to_write(*second);
  while (answer.wait_for(1ms) != std::future_status::ready) // it may not have begun to wait yet
    cancel();
  EXPECT_EQ(answer.get(), errc::deadline_exceeded);
  cancel(); // too late
  expect_no_row_and_that(*second);
}

TEST_P(a_writer_that_waits, has_as_much_time_as_a_statement_may_take) {
  const auto second = sqlite::open(path(), 50ms);
  EXPECT_EQ(begin_to_write(*second).get(), errc::deadline_exceeded);
  expect_no_row_and_that(*second);
}

INSTANTIATE_TEST_SUITE_P(For, a_writer_that_waits, testing::Values(false, true),
                         [](const auto& which) { return which.param ? "another_process" : "another_session"; });

TEST_F(sqlite_connection_test, has_one_pool_for_all_loops) {
  config::storage_settings settings;
  settings.url = "sqlite:" + path();
  settings.per_loop = true;
  pool_client client{settings, 3};
  EXPECT_EQ(client.databases().size(), 1u);
  EXPECT_EQ(client.ask(statement("SELECT 1")).as<sql_result>().row_count(), 1u);
}

} // namespace
} // namespace troupe::storage::test
