// What migrate() must do on every backend.
#include "storage/migrations.hpp"
#include "tests/storage/test_database.hpp"
#include "tests/support/temp_directory.hpp"

#include <atomic>
#include <filesystem>
#include <regex>
#include <thread>
#include <vector>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;
using names = std::vector<string>;

class migrations_conformance : public ::testing::Test {
protected:
  migration_report migrate() { return storage::migrate(database_->settings(), folder_.path()); }

  string refusal() {
    try {
      migrate();
    } catch (const migration_error& e) {
      const string line = e.what();
      EXPECT_EQ(line.find('\n'), string::npos) << line;
      return line;
    }
    ADD_FAILURE() << "no refusal";
    return {};
  }

  /// What migrations_in says, a text for each: "001_a.sql applied".
  names states() {
    names out;
    for (const auto& each : migrations_in(database_->settings(), folder_.path()))
      out.push_back(each.name + ' ' + to_string(each.state));
    return out;
  }

  string refusal_of_states(const config::storage_settings& settings) {
    try {
      (void)migrations_in(settings, folder_.path());
    } catch (const migration_error& e) {
      return e.what();
    }
    ADD_FAILURE() << "no refusal";
    return {};
  }

  int64_t count(const string& table) {
    const auto found = connect(database_->settings())->execute({"SELECT count(*) FROM " + table, {}});
    return std::get<int64_t>(found.cells.at(0));
  }

  bool exists(const string& table) {
    try {
      count(table);
    } catch (const statement_error&) {
      return false;
    }
    return true;
  }

  void write(const string& name, const string& sql) { folder_.write(name, sql); }

  std::unique_ptr<test_database> database_ = make_test_database();
  troupe::test::temp_directory folder_;
};

TEST_F(migrations_conformance, applies_files_in_the_order_of_their_numbers_once) {
  write("10_more.sql", "INSERT INTO users VALUES (2);");
  write("002_users.sql", "CREATE TABLE users (id INTEGER);\nINSERT INTO users VALUES (1);");
  write("notes.txt", "not SQL");
  EXPECT_EQ(migrate().applied, (names{"002_users.sql", "10_more.sql"}));
  const auto again = migrate();
  EXPECT_TRUE(again.applied.empty());
  EXPECT_EQ(again.known, 2u);
  write("011_last.sql", "INSERT INTO users VALUES (3)");
  EXPECT_EQ(migrate().applied, names{"011_last.sql"});
  EXPECT_EQ(count("users"), 3);
}

TEST_F(migrations_conformance, prefers_the_file_for_its_own_backend) {
  write("001_a.sql", "CREATE TABLE plain (id INTEGER);");
  write("001_a.sqlite.sql", "CREATE TABLE special (id INTEGER);");
  write("001_a.postgres.sql", "CREATE TABLE special (id INTEGER);");
  migrate();
  EXPECT_TRUE(exists("special"));
  EXPECT_FALSE(exists("plain"));
}

TEST_F(migrations_conformance, leaves_out_files_for_the_other_backend_alone) {
  const bool sqlite = connect(database_->settings())->kind() == backend::sqlite;
  write(sqlite ? "001_a.postgres.sql" : "001_a.sqlite.sql", "this is no SQL");
  EXPECT_TRUE(migrate().applied.empty());
}

TEST_F(migrations_conformance, refuses_a_changed_file_by_name) {
  write("001_a.sql", "CREATE TABLE a (id INTEGER);\n");
  migrate();
  write("001_a.sql", "CREATE TABLE a (id INTEGER);\r\n");
  EXPECT_TRUE(migrate().applied.empty()) << "line ends do not count";
  write("001_a.sql", "CREATE TABLE a (id BIGINT);\n");
  EXPECT_NE(refusal().find("\"001_a.sql\" has changed"), string::npos);
}

TEST_F(migrations_conformance, refuses_when_an_applied_file_is_gone) {
  write("001_a.sql", "CREATE TABLE a (id INTEGER);");
  migrate();
  std::filesystem::remove(folder_.path() / "001_a.sql");
  EXPECT_NE(refusal().find("\"001_a.sql\" was applied and is not there"), string::npos);
}

TEST_F(migrations_conformance, refuses_a_new_file_below_an_applied_one) {
  write("005_a.sql", "CREATE TABLE a (id INTEGER);");
  migrate();
  write("004_late.sql", "CREATE TABLE late (id INTEGER);");
  EXPECT_NE(refusal().find("\"004_late.sql\" comes before \"005_a.sql\""), string::npos);
  EXPECT_FALSE(exists("late"));
}

TEST_F(migrations_conformance, refuses_two_files_of_one_number) {
  write("001_a.sql", "CREATE TABLE a (id INTEGER);");
  write("1_b.sql", "CREATE TABLE b (id INTEGER);");
  EXPECT_NE(refusal().find("\"001_a.sql\" and \"1_b.sql\" have the same number"), string::npos);
  EXPECT_FALSE(exists("a"));
}

TEST_F(migrations_conformance, refuses_names_of_another_shape) {
  write("users.sql", "CREATE TABLE a (id INTEGER);");
  EXPECT_NE(refusal().find("\"users.sql\": expected a name like"), string::npos);
}

TEST_F(migrations_conformance, refuses_what_is_no_file_and_endings_in_capitals) {
  std::filesystem::create_directory(folder_.path() / "001_a.sql");
  EXPECT_NE(refusal().find("001_a.sql: expected a file"), string::npos);
  std::filesystem::remove(folder_.path() / "001_a.sql");
  write("001_a.SQL", "CREATE TABLE a (id INTEGER);");
  EXPECT_NE(refusal().find("\"001_a.SQL\": expected a name like"), string::npos);
}

TEST_F(migrations_conformance, refuses_a_file_with_a_nul_byte) {
  write("001_a.sql", "CREATE TABLE a (id INTEGER);" + string(3, '\0'));
  EXPECT_NE(refusal().find("001_a.sql: has a NUL byte at 28, expected text"), string::npos);
  EXPECT_FALSE(exists("a"));
}

TEST_F(migrations_conformance, refuses_a_folder_that_is_not_there) {
  std::filesystem::remove_all(folder_.path());
  EXPECT_NE(refusal().find(folder_.path().string()), string::npos);
}

TEST_F(migrations_conformance, rolls_a_failing_file_back_and_names_its_line) {
  write("001_good.sql", "CREATE TABLE good (id INTEGER);");
  write("002_bad.sql", "CREATE TABLE bad (id INTEGER);\n\nINSERT INTO bad (nope) VALUES (1);\n");
  write("003_never.sql", "CREATE TABLE never (id INTEGER);");
  const auto line = refusal();
  EXPECT_NE(line.find("\"002_bad.sql\", line 3: "), string::npos) << line;
  EXPECT_TRUE(exists("good"));
  EXPECT_FALSE(exists("bad"));
  EXPECT_FALSE(exists("never"));
  write("002_bad.sql", "CREATE TABLE bad (id INTEGER);");
  EXPECT_EQ(migrate().applied, (names{"002_bad.sql", "003_never.sql"}));
}

TEST_F(migrations_conformance, names_the_line_of_a_third_statement_behind_comments) {
  const string before = "-- Zo\u00eb's table; it isn't large\n"
                        "CREATE TABLE t (id INTEGER PRIMARY KEY);\n"
                        "\n"
                        "/* One row;\n"
                        "   and one more. */\n"
                        "INSERT INTO t VALUES (1);\n"
                        "\n"
                        "-- the third\n"
                        "\n"; // 9 lines
  const std::vector<std::pair<string, string>> cases{
    {"INSERT INTO t (nope) VALUES (2);\n", "nope"},          // found by its names
    {"INSERT INTO t\n  VALUES (1);\n", ""},                  // found while it runs
    {"INSERT INTO\n  nowhere VALUES (1);\n", "nowhere"},
    {"INSERT INTO t VALUES (2) WHERE;\nSELECT 1;", "WHERE"}, // found before anything runs
  };
  for (const auto& [third, database_says] : cases) {
    write("001_a.sql", before + third);
    const auto line = refusal();
    const bool right = line.find("\"001_a.sql\", line 10: ") != string::npos
                       || (third.find("\n  nowhere") != string::npos // the word's own line
                           && line.find("\"001_a.sql\", line 11: ") != string::npos);
    EXPECT_TRUE(right) << line;
    EXPECT_NE(line.find(database_says, line.find(": ")), string::npos) << line;
    EXPECT_FALSE(exists("t")) << "must be rolled back";
  }
}

TEST_F(migrations_conformance, refuses_a_file_that_ends_its_transaction) {
  for (const string rest : {"COMMIT;", "COMMIT; BEGIN; this is no SQL;", "COMMIT;\nBEGIN;", "ROLLBACK; SELECT 1"}) {
    write("001_a.sql", "CREATE TABLE a (id INTEGER);\n" + rest);
    EXPECT_NE(refusal().find("\"001_a.sql\", line 2: it is run in a transaction of its own"), string::npos) << rest;
    EXPECT_FALSE(exists("a")) << rest;
  }
}

TEST_F(migrations_conformance, says_in_one_line_that_the_database_is_away) {
  try {
    storage::migrate(database_->unreachable(), folder_.path());
    ADD_FAILURE() << "no refusal";
  } catch (const migration_error& e) {
    EXPECT_EQ(string{e.what()}.find('\n'), string::npos) << e.what();
  }
}

TEST_F(migrations_conformance, tells_of_each_file_when_it_is_applied) {
  write("001_a.sql", "CREATE TABLE a (id INTEGER);");
  write("002_b.sql", "CREATE TABLE b (id INTEGER);");
  write("003_bad.sql", "this is no SQL");
  names told;
  const auto note = [&](const string& name) {
    EXPECT_EQ(count(name == "001_a.sql" ? "a" : "b"), 0) << "must be there by now";
    told.push_back(name);
  };
  EXPECT_THROW(storage::migrate(database_->settings(), folder_.path(), note), migration_error);
  EXPECT_EQ(told, (names{"001_a.sql", "002_b.sql"}));
}

TEST_F(migrations_conformance, lists_all_as_pending_where_there_is_no_table_and_makes_none) {
  write("002_b.sql", "CREATE TABLE b (id INTEGER);");
  write("001_a.sql", "CREATE TABLE a (id INTEGER);");
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(states(), (names{"001_a.sql pending", "002_b.sql pending"}));
  EXPECT_FALSE(exists("troupe_migrations"));
  EXPECT_EQ(states(), (names{"001_a.sql pending", "002_b.sql pending"}));
}

TEST_F(migrations_conformance, lists_what_is_applied_with_its_time) {
  write("7_a.sql", "CREATE TABLE a (id INTEGER);");
  migrate();
  write("8_b.sql", "CREATE TABLE b (id INTEGER);");
  const auto all = migrations_in(database_->settings(), folder_.path());
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].version, 7);
  EXPECT_EQ(all[0].state, migration_state::applied);
  EXPECT_TRUE(std::regex_match(all[0].applied_at,
                               std::regex{R"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)"}))
    << all[0].applied_at;
  EXPECT_EQ(all[1].version, 8);
  EXPECT_EQ(all[1].state, migration_state::pending);
  EXPECT_EQ(all[1].applied_at, "");
  EXPECT_FALSE(exists("b"));
}

TEST_F(migrations_conformance, lists_what_a_migration_would_refuse) {
  for (const auto* name : {"002_b.sql", "004_d.sql", "006_f.sql"})
    write(name, "SELECT 1;\n");
  migrate();
  write("001_a.sql", "SELECT 1;");
  write("002_b.sql", "SELECT 2;");
  std::filesystem::remove(folder_.path() / "004_d.sql");
  write("005_e.sql", "SELECT 1;");
  write("006_f.sql", "SELECT 1;\r\n");
  write("007_g.sql", "SELECT 1;");
  EXPECT_EQ(states(),
            (names{"001_a.sql out of order", "002_b.sql changed", "004_d.sql missing",
                   "005_e.sql out of order", "006_f.sql applied", "007_g.sql pending"}));
}

TEST_F(migrations_conformance, lists_nothing_where_folder_or_database_cannot_be_read) {
  const auto away = refusal_of_states(database_->unreachable());
  EXPECT_TRUE(away.starts_with("migrations: ")) << away;
  EXPECT_EQ(away.find('\n'), string::npos) << away;
  write("users.sql", "SELECT 1;");
  EXPECT_NE(refusal_of_states(database_->settings()).find("\"users.sql\": expected a name like"),
            string::npos);
  std::filesystem::remove_all(folder_.path());
  EXPECT_NE(refusal_of_states(database_->settings()).find(folder_.path().string()), string::npos);
}

TEST_F(migrations_conformance, lets_nodes_start_at_the_same_time) {
  for (int i = 1; i <= 5; ++i)
    write(std::to_string(i) + "_t.sql",
          "CREATE TABLE t" + std::to_string(i) + " (id INTEGER);\nINSERT INTO t"
            + std::to_string(i) + " VALUES (1);");
  std::atomic<std::size_t> applied{0};
  std::vector<std::thread> nodes;
  for (int i = 0; i < 6; ++i)
    nodes.emplace_back([&] {
      try {
        applied += migrate().applied.size();
      } catch (const std::exception& e) {
        ADD_FAILURE() << e.what();
      }
    });
  for (auto& node : nodes)
    node.join();
  EXPECT_EQ(applied, 5u);
  for (int i = 1; i <= 5; ++i)
    EXPECT_EQ(count("t" + std::to_string(i)), 1);
}

} // namespace
} // namespace troupe::storage::test
