// What only PostgreSQL has of results in steps and of COPY.
#include "tests/storage/rows_fixture.hpp"
#include "tests/support/eventually.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace troupe::storage::test {
namespace {

using troupe::test::outcome;

class rows_pgtest : public on_a_database {
protected:
  void prepare(const std::string& script) { connect(database_->settings())->run_script(script); }
};

TEST_F(rows_pgtest, of_a_with_that_changes_something_are_refused) {
  prepare("CREATE TABLE item (id INTEGER)");
  run([](context& ctx) -> task<> {
    const auto sql = "WITH made AS (INSERT INTO item VALUES (1) RETURNING id) SELECT id FROM made";
    EXPECT_EQ(co_await outcome(ctx.db().stream(sql).next()), "internal: the database refused the statement");
    EXPECT_EQ(co_await outcome(ctx.db().stream("SELECT nextval('item_ids')").next()),
              "internal: the database refused the statement");
    const auto found = co_await ctx.db().one("SELECT count(*) AS n FROM item");
    EXPECT_EQ(found.get<int>("n"), 0);
  });
}

TEST_F(rows_pgtest, whose_functions_change_something_fail_as_their_transaction_is_read_only) {
  prepare("CREATE SEQUENCE ids");
  run([](context& ctx) -> task<> {
    EXPECT_EQ(co_await outcome(ctx.db().stream("SELECT nextval('ids')").next()),
              "internal: the transaction is read only");
  });
}

TEST_F(rows_pgtest, do_not_show_what_is_committed_meanwhile) {
  prepare("CREATE TABLE item (id INTEGER); INSERT INTO item SELECT generate_series(1, 10)");
  run([this](context& ctx) -> task<> {
    auto found = ctx.db().stream("SELECT id FROM item").in_steps_of(5);
    EXPECT_EQ((co_await found.next())->size(), 5u);
    prepare("INSERT INTO item SELECT generate_series(11, 20)");
    EXPECT_EQ((co_await found.next())->size(), 5u);
    EXPECT_FALSE(co_await found.next());
  });
}

TEST_F(rows_pgtest, use_a_few_names_again_and_leave_nothing_prepared_for_themselves) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      for (int i = 0; i < 50; ++i) {
        auto one = tx.stream("SELECT generate_series(1, 1000)").in_steps_of(1);
        auto two = tx.stream("SELECT generate_series(1, 1000)").in_steps_of(1);
        (void)co_await one.next();
        (void)co_await two.next();
      }
      auto last = tx.stream("SELECT 1").in_steps_of(1);
      (void)co_await last.next();
      const auto open = co_await tx.query("SELECT name FROM pg_cursors WHERE name <> ''");
      EXPECT_EQ(open.size(), 1u);
      EXPECT_EQ(open[0].get<std::string>("name"), "troupe_cursor_1");
      const auto kept = co_await tx.one("SELECT count(*) AS n FROM pg_prepared_statements");
      EXPECT_LT(kept.get<int>("n"), 5);
    });
  });
}

TEST_F(rows_pgtest, are_copied_into_arrays_and_enums) {
  prepare("CREATE TYPE color AS ENUM ('red', 'dark \\ blue'); CREATE TABLE item (t TEXT[], n INTEGER[], c color)");
  run([](context& ctx) -> task<> {
    const std::vector<std::string> texts{"a\tb", "\\", "\"q\"", "{x,y}", "NULL", ""};
    const std::vector<std::optional<int>> numbers{1, std::nullopt};
    co_await ctx.db().transact([&](transaction& tx) -> task<> {
      auto out = tx.copy_in("item", {"t", "n", "c"});
      co_await out.row(texts, numbers, "dark \\ blue");
      EXPECT_EQ(co_await out.end(), 1);
    });
    const auto found = co_await ctx.db().one("SELECT * FROM item");
    EXPECT_EQ(found.get<std::vector<std::string>>("t"), texts);
    EXPECT_EQ(found.get<std::vector<std::optional<int>>>("n"), numbers);
    EXPECT_EQ(found.get<std::string>("c"), "dark \\ blue");
  });
}

TEST_F(rows_pgtest, that_do_not_fit_or_refer_to_nothing_are_named) {
  prepare("CREATE TABLE item (id INTEGER PRIMARY KEY, of INTEGER REFERENCES item, short VARCHAR(3))");
  run([](context& ctx) -> task<> {
    const auto copied = [&](std::string id, std::optional<int> of, std::string text) -> task<std::string> {
      co_return co_await outcome(ctx.db().transact([&](transaction& tx) -> task<> {
        auto out = tx.copy_in("item", {"id", "of", "short"});
        co_await out.row("1", nullptr, "abc");
        co_await out.row(id, of, text);
        (void)co_await out.end();
      }));
    };
    EXPECT_EQ(co_await copied("two", {}, ""), "unprocessable: a value does not fit its column, in row 2");
    EXPECT_EQ(co_await copied("2", {}, "abcd"), "unprocessable: a value does not fit its column, in row 2");
    EXPECT_EQ(co_await copied("2", 3, ""),
              "conflict: another row that is referred to is missing, or still refers to this, in rows 1 to 2");
    EXPECT_EQ(co_await copied("2", 1, ""), "no error");
  });
}

TEST_F(rows_pgtest, that_a_trigger_leaves_out_are_not_counted) {
  prepare("CREATE TABLE item (id INTEGER);"
          "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
          "  IF NEW.id % 2 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $$;"
          "CREATE TRIGGER odd BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION odd()");
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      auto out = tx.copy_in("item", {"id"});
      for (int i = 0; i < 5000; ++i)
        co_await out.row(i);
      EXPECT_EQ(co_await out.end(), 2500);
    });
  });
}

class copied_out : public ::testing::Test {
protected:
  static config::storage_settings with_limit(config::storage_settings out) {
    out.query_timeout = std::chrono::milliseconds{400};
    return out;
  }

  sql_statement step(sql_steps::kind what, const std::string& sql = {}) const {
    auto out = statement(sql);
    out.steps = {.what = what, .as = sql_steps::form::csv, .cursor = 1, .rows = 1};
    return out;
  }

  std::unique_ptr<test_database> database_ = make_test_database();
  std::unique_ptr<connection> connection_ = connect(with_limit(database_->settings()));
};

TEST_F(copied_out, may_take_longer_than_the_limit_as_long_as_pieces_come) {
  connection_->execute({"BEGIN", {}});
  auto found = connection_->run(
    step(sql_steps::kind::open, "SELECT repeat('x', 10000) FROM generate_series(1, 16) AS i, pg_sleep(i * 0 + 0.05)"));
  std::size_t size = 0;
  for (; !found.cells.empty(); found = connection_->run(step(sql_steps::kind::fetch)))
    size += std::get<std::string>(found.cells[0]).size();
  EXPECT_EQ(size, 16u * 10'001);
  EXPECT_FALSE(connection_->is_midway());
  const auto limit = connection_->execute({"SELECT current_setting('statement_timeout')", {}});
  EXPECT_EQ(std::get<std::string>(limit.cells[0]), "0");
  connection_->execute({"COMMIT", {}});
  const auto limit_later = connection_->execute({"SELECT current_setting('statement_timeout')", {}});
  EXPECT_EQ(std::get<std::string>(limit_later.cells[0]), "400ms");
}

TEST_F(copied_out, of_which_nothing_comes_is_given_up_and_ended_at_the_server) {
  connection_->execute({"BEGIN", {}});
  EXPECT_EQ(code_of([&] { connection_->run(step(sql_steps::kind::open, "SELECT pg_sleep(600)")); }),
            errc::deadline_exceeded);
  EXPECT_TRUE(connection_->is_midway());
  EXPECT_FALSE(connection_->healthy());
  connection_.reset();
  const auto watcher = connect(database_->settings());
  EXPECT_TRUE(troupe::test::eventually([&] {
    return watcher
      ->execute({"SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY (SELECT pg_sleep(600)%' "
                 "AND datname = current_database()",
                 {}})
      .cells.empty();
  }));
}

TEST_F(copied_out, have_their_end_told_once) {
  connection_->execute({"BEGIN", {}});
  EXPECT_EQ(code_of([&] { connection_->run(step(sql_steps::kind::fetch)); }), errc::internal) << "nothing is open";
  EXPECT_EQ(connection_->run(step(sql_steps::kind::open, "SELECT 1")).cells.size(), 1u);
  EXPECT_TRUE(connection_->run(step(sql_steps::kind::fetch)).cells.empty());
  EXPECT_EQ(code_of([&] { connection_->run(step(sql_steps::kind::fetch)); }), errc::internal);
}

TEST_F(copied_out, takes_a_dollar_in_a_name_for_no_parameter_and_refuses_what_it_would_misread) {
  connection_->run_script("CREATE TABLE odd (a$1 INTEGER); INSERT INTO odd VALUES (7)");
  const auto outcome_of = [&](const std::string& sql) {
    auto what = step(sql_steps::kind::open, sql);
    what.parameters.emplace_back(std::string{"' || 'b"});
    connection_->reset();
    connection_->execute({"BEGIN", {}});
    return code_of([&] {
      const auto found = connection_->run(what);
      throw error{errc::not_found, std::get<std::string>(found.cells.at(0))}; // as no error is what is expected
    });
  };
  EXPECT_EQ(outcome_of("SELECT a$1 FROM odd WHERE CAST($1 AS TEXT) <> ''"), errc::not_found);
  EXPECT_EQ(outcome_of("SELECT 1 WHERE 'x' <> $1AND true"), errc::internal);
  EXPECT_EQ(outcome_of("SELECT E'a'\n'\\'' || $1 -- '"), errc::internal);
}

TEST_F(copied_out, whose_session_is_ended_fails_as_unavailable) {
  connection_->execute({"BEGIN", {}});
  auto found = connection_->run(step(sql_steps::kind::open, "SELECT repeat('x', 1000), generate_series(1, 10000000)"));
  EXPECT_FALSE(found.cells.empty());
  connection_->interrupt();
  EXPECT_EQ(code_of([&] {
              while (!found.cells.empty())
                found = connection_->run(step(sql_steps::kind::fetch));
            }),
            errc::unavailable);
  EXPECT_FALSE(connection_->healthy());
}

} // namespace
} // namespace troupe::storage::test
