// What every backend's connection must do.
#include "tests/storage/test_database.hpp"

#include <atomic>
#include <limits>
#include <thread>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using std::string;

class connection_conformance : public ::testing::Test {
protected:
  sql_result run(const sql_statement& what) { return connection_->execute(what); }

  template <class... Values>
  sql_result run(string sql, Values... values) {
    return connection_->execute(statement(std::move(sql), std::move(values)...));
  }

  /// What the value is after a stay in a column of that type.
  sql_value stored(const string& column_type, const sql_value& value) {
    const auto table = "value_" + std::to_string(++tables_);
    run("CREATE TABLE " + table + " (v " + column_type + ")");
    run({"INSERT INTO " + table + " (v) VALUES ($1)", {value}});
    auto out = run("SELECT v FROM " + table);
    EXPECT_EQ(out.row_count(), 1u);
    return out.cells.at(0);
  }

  void expect_kept(const string& column_type, const sql_value& value) {
    EXPECT_EQ(stored(column_type, value), value) << column_type;
  }

  void make_users() {
    run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
        "age INTEGER CHECK (age >= 0))");
    run("CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users (id))");
    run("INSERT INTO users (id, name) VALUES (1, 'ann')");
  }

  int64_t count_users() { return std::get<int64_t>(run("SELECT count(*) FROM users").cells[0]); }

  /// What a statement without an end comes to when another thread asks for its end.
  errc code_of_endless(void (*end)(connection&)) {
    std::atomic<bool> ended{false};
    errc code{};
    std::thread blocked{[&] {
      code = code_of([&] { run(database_->endless()); });
      ended = true;
    }};
    while (!ended) { // the statement may not have begun yet
      end(*connection_);
      std::this_thread::yield();
    }
    blocked.join();
    return code;
  }

  int tables_ = 0;
  std::unique_ptr<test_database> database_ = make_test_database();
  std::unique_ptr<connection> connection_ = connect(database_->settings());
};

TEST_F(connection_conformance, keeps_integers_and_truth_values) {
  for (int64_t value : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::max(),
                        std::numeric_limits<int64_t>::min()})
    expect_kept("BIGINT", value);
  expect_kept("BOOLEAN", true);
  expect_kept("BOOLEAN", false);
}

TEST_F(connection_conformance, keeps_doubles_to_the_last_bit) {
  using limits = std::numeric_limits<double>;
  for (double value : {0.1, -1.0 / 3, 1e300, 5e-324, limits::max(), limits::min(),
                       limits::infinity(), -limits::infinity(), 123456789.123456789})
    expect_kept("DOUBLE PRECISION", value);
}

TEST_F(connection_conformance, keeps_null_in_every_type) {
  for (const auto& type : {string{"BIGINT"}, string{"TEXT"}, string{"BOOLEAN"}, string{"TIMESTAMP"},
                           database_->bytes(), database_->exact_decimal()})
    expect_kept(type, std::monostate{});
}

TEST_F(connection_conformance, keeps_hostile_text) {
  for (const auto& text :
       {string{}, string{"' OR '1'='1"}, string{"'; DROP TABLE value_1; --"}, string{"$1 $$ $a$"},
        string{"\\'\\\\ \\x00 %s %n"}, string{"\"`[]/* */"}, string{"\x01\x1f\x7f\r\n\t"},
        string{"\u00e4\u20ac\U0001f600\u202e\ufeff\uffff"}, string{"NULL"}, string{" x "},
        string(1'000'000, 'x')})
    expect_kept("TEXT", text);
}

TEST_F(connection_conformance, keeps_bytes) {
  string all;
  for (int i = 0; i < 256; ++i)
    all.push_back(static_cast<char>(i));
  for (const auto& bytes : {string{}, string(1, '\0'), all, string{"\\x4142"}})
    expect_kept(database_->bytes(), blob{bytes});
}

TEST_F(connection_conformance, keeps_every_digit_of_decimals) {
  for (const auto* digits : {"0", "12.50", "-0.0000000000000000000001",
                             "123456789012345678901234567890.123456789012345678901234567890"})
    expect_kept(database_->exact_decimal(), numeric{digits});
}

TEST_F(connection_conformance, keeps_json) {
  expect_kept("JSON", json_text{R"({"a": [1, null, "\u00e4", {"b": 1.5}]})"});
  expect_kept("JSON", json_text{"7"});
}

TEST_F(connection_conformance, gives_times_in_iso_8601) {
  expect_kept("DATE", timestamp{"2026-01-31"});
  expect_kept("TIME", timestamp{"23:59:59.5"});
  expect_kept("TIMESTAMP", timestamp{"2026-01-31T12:00:00.5"});
  expect_kept("TIMESTAMPTZ", timestamp{"2026-01-31T12:00:00Z"});
  EXPECT_EQ(stored("TIMESTAMP", timestamp{"2026-01-31 12:00:00"}),
            sql_value{timestamp{"2026-01-31T12:00:00"}});
  EXPECT_EQ(stored("TIMESTAMPTZ", timestamp{"2026-01-31 12:00:00"}),
            sql_value{timestamp{"2026-01-31T12:00:00Z"}});
}

TEST_F(connection_conformance, refuses_parameters_that_no_database_could_keep) {
  auto code = [&](sql_value value) {
    return code_of([&] { run({"SELECT $1", {std::move(value)}}); });
  };
  EXPECT_EQ(code(string{"a\0b", 3}), errc::invalid_argument);
  EXPECT_EQ(code(string{"\xff"}), errc::invalid_argument);
  EXPECT_EQ(code(string{"\xed\xa0\x80"}), errc::invalid_argument);
  EXPECT_EQ(code(json_text{string{"\"\0\"", 3}}), errc::invalid_argument);
  EXPECT_EQ(code(numeric{"12,5"}), errc::invalid_argument);
  EXPECT_EQ(code(numeric{""}), errc::invalid_argument);
}

TEST_F(connection_conformance, puts_parameters_where_their_numbers_say) {
  run("CREATE TABLE pairs (a TEXT, b TEXT, c TEXT)");
  run("INSERT INTO pairs (a, b, c) VALUES ($2, $1, $2)", string{"first"}, string{"second"});
  EXPECT_EQ(run("SELECT a, b, c FROM pairs").cells,
            (std::vector<sql_value>{string{"second"}, string{"first"}, string{"second"}}));
  sql_statement eleven{"SELECT CAST($11 AS TEXT)", {}};
  for (int i = 2; i <= 10; ++i)
    eleven.sql += ", CAST($" + std::to_string(i) + " AS TEXT)";
  eleven.sql += ", CAST($1 AS TEXT)";
  for (int i = 1; i <= 11; ++i)
    eleven.parameters.emplace_back("p" + std::to_string(i));
  EXPECT_EQ(run(eleven).cells.at(0), sql_value{string{"p11"}});
  EXPECT_EQ(run(eleven).cells.at(10), sql_value{string{"p1"}});
}

TEST_F(connection_conformance, refuses_a_wrong_number_of_parameters_and_goes_on) {
  EXPECT_EQ(code_of([&] { run("SELECT CAST($1 AS TEXT)"); }), errc::internal);
  EXPECT_EQ(code_of([&] { run("SELECT 1", string{"extra"}); }), errc::internal);
  EXPECT_EQ(run("SELECT CAST($1 AS TEXT)", string{"x"}).cells[0], sql_value{string{"x"}});
}

TEST_F(connection_conformance, names_columns_and_keeps_the_order_of_rows) {
  make_users();
  run("INSERT INTO users (id, name) VALUES (2, 'bob'), (3, 'eve')");
  const auto found = run("SELECT id, name AS who FROM users ORDER BY id DESC");
  EXPECT_EQ(found.columns, (std::vector<string>{"id", "who"}));
  EXPECT_EQ(found.row_count(), 3u);
  EXPECT_EQ(found.affected_rows, 0);
  EXPECT_EQ(found.cells.at(1), sql_value{string{"eve"}});
  const auto none = run("SELECT id FROM users WHERE id < 0");
  EXPECT_EQ(none.columns.size(), 1u);
  EXPECT_EQ(none.row_count(), 0u);
}

TEST_F(connection_conformance, counts_changed_rows_and_only_those) {
  make_users();
  EXPECT_EQ(run("INSERT INTO users (id, name) VALUES (2, 'b'), (3, 'c')").affected_rows, 2);
  EXPECT_EQ(run("CREATE TABLE other (id INTEGER)").affected_rows, 0);
  EXPECT_EQ(run("UPDATE users SET age = 7 WHERE id > 1").affected_rows, 2);
  EXPECT_EQ(run("SELECT * FROM users").affected_rows, 0);
  EXPECT_EQ(run("UPDATE users SET age = 8 WHERE id = 99").affected_rows, 0);
  EXPECT_EQ(run("WITH old AS (SELECT 3 AS i) DELETE FROM users WHERE id IN (SELECT i FROM old)")
              .affected_rows,
            1);
  const auto back = run("INSERT INTO users (id, name) VALUES (4, 'd') RETURNING id, name");
  EXPECT_EQ(back.affected_rows, 1);
  EXPECT_EQ(back.cells, (std::vector<sql_value>{int64_t{4}, string{"d"}}));
}

TEST_F(connection_conformance, tells_what_went_wrong_by_codes) {
  make_users();
  auto code = [&](const string& sql) { return code_of([&] { run(sql); }); };
  EXPECT_EQ(code("INSERT INTO users (id, name) VALUES (1, 'x')"), errc::conflict);
  EXPECT_EQ(code("INSERT INTO users (id, name) VALUES (2, 'ann')"), errc::conflict);
  EXPECT_EQ(code("INSERT INTO posts (id, author) VALUES (1, 99)"), errc::conflict);
  EXPECT_EQ(code("INSERT INTO users (id, name) VALUES (2, NULL)"), errc::unprocessable);
  EXPECT_EQ(code("INSERT INTO users (id, name, age) VALUES (2, 'b', -1)"), errc::unprocessable);
  EXPECT_EQ(code("SELEC 1"), errc::internal);
  EXPECT_EQ(code("SELECT * FROM no_such_table"), errc::internal);
  EXPECT_EQ(code("SELECT 1; SELECT 2"), errc::internal);
  EXPECT_EQ(count_users(), 1);
}

TEST_F(connection_conformance, tells_clients_nothing_about_the_schema) {
  make_users();
  for (const auto* sql : {"SELECT * FROM secret_table", "INSERT INTO users (id, name) VALUES (1, 'secret')",
                          "INSERT INTO users (id, name) VALUES (2, NULL)"}) {
    try {
      run(string{sql});
      ADD_FAILURE() << sql;
    } catch (const statement_error& e) {
      const string shown = e.what();
      EXPECT_EQ(shown.find("secret"), string::npos) << shown;
      EXPECT_EQ(shown.find("users"), string::npos) << shown;
      EXPECT_FALSE(e.internal().empty());
    }
  }
}

TEST_F(connection_conformance, commits_and_rolls_back) {
  make_users();
  run("BEGIN");
  EXPECT_TRUE(connection_->in_transaction());
  run("INSERT INTO users (id, name) VALUES (2, 'b')");
  run("COMMIT");
  EXPECT_FALSE(connection_->in_transaction());
  EXPECT_EQ(count_users(), 2);
  run("BEGIN");
  run("DELETE FROM users");
  run("ROLLBACK");
  EXPECT_EQ(count_users(), 2);
}

TEST_F(connection_conformance, reset_rolls_back_also_after_a_failed_statement) {
  make_users();
  run("BEGIN");
  run("DELETE FROM users");
  EXPECT_EQ(code_of([&] { run("SELECT * FROM no_such_table"); }), errc::internal);
  connection_->reset();
  EXPECT_FALSE(connection_->in_transaction());
  EXPECT_EQ(count_users(), 1);
  connection_->reset(); // without a transaction: nothing
}

TEST_F(connection_conformance, sees_tables_that_change_under_prepared_statements) {
  make_users();
  EXPECT_EQ(run("SELECT * FROM users").columns.size(), 3u);
  const auto other = connect(database_->settings());
  other->execute({"ALTER TABLE users ADD COLUMN email TEXT", {}});
  EXPECT_EQ(run("SELECT * FROM users").columns.size(), 4u);
  EXPECT_EQ(run("SELECT * FROM users").row_count(), 1u);
}

TEST_F(connection_conformance, keeps_going_past_the_prepared_statements_it_can_hold) {
  for (int64_t i = 0; i < 600; ++i)
    ASSERT_EQ(run("SELECT CAST($1 AS BIGINT) + " + std::to_string(i % 300), i).cells[0],
              sql_value{i + i % 300});
}

TEST_F(connection_conformance, runs_scripts_and_names_the_line_that_fails) {
  connection_->run_script("CREATE TABLE a (v TEXT);\n-- ; comment\nINSERT INTO a VALUES (';');");
  EXPECT_EQ(run("SELECT v FROM a").cells[0], sql_value{string{";"}});
  try {
    connection_->run_script("SELECT 1;\n\nSELECT 2;\nSELECT\n  oops;\n");
    ADD_FAILURE() << "no error";
  } catch (const statement_error& e) {
    EXPECT_TRUE(e.internal().starts_with("line 5: ")) << e.internal();
  }
  EXPECT_TRUE(connection_->healthy());
}

TEST_F(connection_conformance, can_be_interrupted_from_another_thread) {
  errc code{};
  do { // an interruption that comes before the statement was sent: it has not begun for certain
    connection_ = connect(database_->settings());
    static_cast<void>(code_of_endless([](connection& on) { on.canceller()(); })); // it is prepared from here on
    run("SELECT 1"); // what came too late was meant for the one before
    code = code_of_endless([](connection& on) { on.interrupt(); });
  } while (code == errc::unavailable && code != database_->interrupted());
  EXPECT_EQ(code, database_->interrupted());
}

TEST_F(connection_conformance, can_be_cancelled_from_another_thread_and_lives_on) {
  EXPECT_EQ(code_of_endless([](connection& on) { on.canceller()(); }), errc::deadline_exceeded);
  EXPECT_TRUE(connection_->healthy());
  EXPECT_EQ(run("SELECT CAST($1 AS BIGINT)", int64_t{8}).cells.at(0), sql_value{int64_t{8}});
}

TEST_F(connection_conformance, says_so_when_it_cannot_connect) {
  try {
    (void)connect(database_->unreachable());
    ADD_FAILURE() << "connected";
  } catch (const statement_error& e) {
    EXPECT_EQ(e.code(), errc::unavailable);
    EXPECT_STREQ(e.what(), "the database is not available");
    EXPECT_FALSE(e.internal().empty());
  }
}

} // namespace
} // namespace troupe::storage::test
