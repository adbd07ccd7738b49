// Results that are read in steps, from the pool and in transactions.
#include "actors/channel.hpp"
#include "storage/database.hpp"
#include "tests/actors/runner.hpp"
#include "tests/storage/rows_fixture.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::storage::test {
namespace {

using namespace std::chrono_literals;
using std::int64_t;
using troupe::test::end_flag;
using troupe::test::outcome;

/// 1 to $1, on either database.
constexpr auto counted_numbers =
  "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < CAST($1 AS INTEGER)) SELECT i FROM g";

/// 1 to 499; of what would be the next one the absolute value does not fit.
constexpr auto fails_at_500 =
  "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 1000) "
  "SELECT i, abs(CASE WHEN i = 500 THEN CAST('-9223372036854775808' AS BIGINT) ELSE i END) AS v FROM g";

class a_row_stream : public on_a_database {};

/// Sizes of the steps, as in "1000 1000 500"; the rows have to be the numbers from 1 on.
task<std::string> steps_of(row_stream found, int64_t next = 1) {
  std::string out;
  while (auto some = co_await found.next()) {
    out += (out.empty() ? "" : " ") + std::to_string(some->size());
    for (auto row : *some)
      EXPECT_EQ(row.get<int64_t>("i"), next++);
  }
  EXPECT_FALSE(co_await found.next()) << "the end stays the end";
  co_return out;
}

task<std::string> sum_of(statements& on, std::string sql) {
  const auto found = co_await on.one(sql);
  co_return found.get<std::string>("n");
}

TEST_F(a_row_stream, gives_every_row_once_in_order_whatever_the_steps) {
  run([](context& ctx) -> task<> {
    EXPECT_EQ(co_await steps_of(ctx.db().stream(counted_numbers, 2500)), "1000 1000 500");
    EXPECT_EQ(co_await steps_of(ctx.db().stream(counted_numbers, 2000)), "1000 1000");
    EXPECT_EQ(co_await steps_of(ctx.db().stream(counted_numbers, 3).in_steps_of(1)), "1 1 1");
    EXPECT_EQ(co_await steps_of(ctx.db().stream(counted_numbers, 10).in_steps_of(4)), "4 4 2");
    EXPECT_EQ(co_await steps_of(ctx.db().stream(counted_numbers, 5).in_steps_of(row_stream::most_rows)), "5");
    EXPECT_EQ(co_await steps_of(ctx.db().stream("SELECT 1 AS i WHERE 1 = 2")), "");
    auto values = ctx.db().stream("VALUES (1), (2)");
    EXPECT_EQ((co_await values.next())->size(), 2u);
  });
}

TEST_F(a_row_stream, refuses_steps_of_no_rows_and_of_too_many) {
  run([](context& ctx) -> task<> {
    for (const auto rows : {std::size_t{0}, row_stream::most_rows + 1})
      EXPECT_THROW(static_cast<void>(ctx.db().stream("SELECT 1").in_steps_of(rows)), std::invalid_argument);
    co_return;
  });
}

TEST_F(a_row_stream, takes_and_gives_values_of_all_types_as_other_statements_do) {
  run([this](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await db.exec("CREATE TABLE v (n BIGINT, r DOUBLE PRECISION, b BOOLEAN, t TEXT, d " + database_->exact_decimal()
                     + ", y " + database_->bytes() + ", j JSON, s TIMESTAMP, e TEXT)");
    const auto made = timestamp{"2026-01-31T12:00:00.5"};
    co_await db.exec("INSERT INTO v VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", 1LL << 62, 0.1, true, "a\tb\n",
                     numeric{"12.50"}, blob{std::string{"\0\xff", 2}}, json_text{R"({"a":1})"}, made, nullptr);
    const auto where = "SELECT * FROM v WHERE n = $1 AND r = $2 AND b = $3 AND t = $4 AND d = $5 AND y = $6 "
                       "AND s = $7 AND CAST($8 AS TEXT) IS NULL";
    const auto whole = co_await db.query(where, 1LL << 62, 0.1, true, "a\tb\n", numeric{"12.50"},
                                         blob{std::string{"\0\xff", 2}}, made, nullptr);
    auto found = db.stream(where, 1LL << 62, 0.1, true, "a\tb\n", numeric{"12.50"}, blob{std::string{"\0\xff", 2}},
                           made, nullptr);
    const auto some = co_await found.next();
    EXPECT_TRUE(some && some->size() == 1 && whole.size() == 1);
    for (const auto* column : {"n", "r", "b", "t", "d", "y", "j", "s", "e"})
      EXPECT_TRUE((*some)[0][column] == whole[0][column]) << column;
    EXPECT_FALSE(co_await found.next());
  });
}

TEST_F(a_row_stream, holds_the_pools_only_connection_from_its_first_step_to_its_end) {
  run([](context& ctx) -> task<> {
    auto found = ctx.db().stream(counted_numbers, 6).in_steps_of(4);
    (void)co_await ctx.db().query("SELECT 1"); // not begun
    EXPECT_EQ((co_await found.next())->size(), 4u);
    EXPECT_EQ(co_await outcome(with_timeout(50ms, ctx.db().query("SELECT 1"))),
              "deadline_exceeded: no result within 50 ms");
    EXPECT_EQ((co_await found.next())->size(), 2u);
    (void)co_await ctx.db().query("SELECT 1"); // `found` is still there
  });
}

TEST_F(a_row_stream, that_is_destroyed_half_way_gives_its_connection_back) {
  run([](context& ctx) -> task<> {
    for (int i = 0; i < 20; ++i) {
      auto found = ctx.db().stream(counted_numbers, 1'000'000).in_steps_of(10);
      (void)co_await found.next();
    }
    auto db = ctx.db();
    co_await db.exec("CREATE TABLE made (v INTEGER)"); // nothing is left of the read-only transaction
    EXPECT_EQ(co_await sum_of(db, "SELECT count(*) AS n FROM made"), "0");
  });
}

TEST_F(a_row_stream, whose_step_is_given_up_has_it_cancelled_and_gives_its_connection_back) {
  run([this](context& ctx) -> task<> {
    auto found = ctx.db().stream(database_->endless());
    EXPECT_EQ(co_await outcome(with_timeout(50ms, found.next())), "deadline_exceeded: no result within 50 ms");
    (void)co_await ctx.db().query("SELECT 1");
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(co_await outcome(found.next()), "conflict: a step of these rows was given up");
    for (int i = 0; i < 100; ++i) { // at whatever point it has come to
      auto cut = ctx.db().stream(counted_numbers, 1'000'000);
      (void)co_await outcome(with_timeout(std::chrono::microseconds{i * 20}, cut.next()));
    }
    (void)co_await ctx.db().query("SELECT 1");
  });
}

TEST_F(a_row_stream, gives_the_error_in_its_middle_to_the_step_that_meets_it_and_to_all_after_it) {
  run([](context& ctx) -> task<> {
    auto found = ctx.db().stream(fails_at_500).in_steps_of(100);
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ((co_await found.next())->size(), 100u);
    const auto failed = co_await outcome(found.next());
    EXPECT_EQ(failed, co_await outcome(ctx.db().query(fails_at_500)));
    (void)co_await ctx.db().query("SELECT 1"); // the connection is free
    EXPECT_EQ(co_await outcome(found.next()), failed);
  });
}

TEST_F(a_row_stream, has_one_step_at_a_time) {
  run([](context& ctx) -> task<> {
    auto found = ctx.db().stream(counted_numbers, 10).in_steps_of(10);
    auto first = found.next();
    end_flag ends;
    first.start(ends);
    EXPECT_EQ(co_await outcome(found.next()), "a second step of these rows beside the one that is under way");
    while (!ends.ended)
      co_await yield();
    EXPECT_EQ(first.take()->size(), 10u);
  });
}

TEST_F(a_row_stream, is_refused_for_what_does_more_than_read) {
  run([](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await db.exec("CREATE TABLE item (id INTEGER)");
    for (const std::string sql :
         {"INSERT INTO item VALUES (1)", "INSERT INTO item VALUES (1) RETURNING id", "UPDATE item SET id = 2",
          "DELETE FROM item", "WITH a AS (SELECT 1) INSERT INTO item SELECT 1", "COMMIT", "BEGIN",
          "CREATE TABLE o (v INT)", "SELECT 1; DELETE FROM item", "SELECT nothing FROM nowhere", "SELECT $1", "",
          "-- nothing"}) {
      auto found = db.stream(sql);
      EXPECT_EQ(co_await outcome(found.next()), "internal: the database refused the statement") << sql;
    }
    EXPECT_EQ(co_await outcome(db.stream("SELECT CAST($1 AS TEXT)", std::string{"\0", 1}).next()),
              "invalid_argument: parameter $1 holds a NUL character");
    EXPECT_EQ(co_await sum_of(db, "SELECT count(*) AS n FROM item"), "0");
  });
}

// -- in transactions ------------------------------------------------------------------------------------

TEST_F(a_row_stream, of_a_transaction_is_read_beside_others_of_it_and_beside_its_statements) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.exec("CREATE TABLE copy (i INTEGER)");
      auto one = tx.stream(counted_numbers, 25).in_steps_of(10);
      auto two = tx.stream(counted_numbers, 25).in_steps_of(5);
      std::string steps;
      while (auto some = co_await one.next()) {
        for (auto row : *some)
          co_await tx.exec("INSERT INTO copy VALUES ($1)", row.get<int>("i"));
        steps += ' ' + std::to_string((co_await two.next())->size());
      }
      EXPECT_EQ(steps, " 5 5 5");
      EXPECT_EQ(co_await steps_of(std::move(two), 16), "5 5");
      EXPECT_EQ(co_await steps_of(tx.stream("SELECT i FROM copy ORDER BY i")), "25");
    });
    auto db = ctx.db();
    EXPECT_EQ(co_await sum_of(db, "SELECT sum(i) AS n FROM copy"), "325");
  });
}

TEST_F(a_row_stream, of_a_transaction_may_be_left_half_way) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.exec("CREATE TABLE copy (i INTEGER)");
      for (int i = 0; i < 300; ++i) {
        auto left = tx.stream(counted_numbers, 1'000'000).in_steps_of(1);
        EXPECT_EQ((*co_await left.next())[0].get<int>("i"), 1);
      }
      auto to_the_end = tx.stream(counted_numbers, 1'000'000).in_steps_of(1); // ends with the transaction
      (void)co_await to_the_end.next();
      co_await tx.exec("INSERT INTO copy VALUES (1)");
    });
    auto db = ctx.db();
    EXPECT_EQ(co_await sum_of(db, "SELECT count(*) AS n FROM copy"), "1");
  });
}

TEST_F(a_row_stream, of_a_nested_transaction_that_is_rolled_back_leaves_the_outer_one_whole) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.exec("CREATE TABLE copy (i INTEGER)");
      auto outer = tx.stream(counted_numbers, 4).in_steps_of(2);
      (void)co_await outer.next();
      std::optional<row_stream> inner;
      EXPECT_EQ(co_await outcome(tx.nested([&](transaction& nested) -> task<> {
        inner = nested.stream(counted_numbers, 4).in_steps_of(2);
        (void)co_await inner->next();
        throw std::runtime_error{"no"};
      })), "no");
      inner.reset(); // its cursor went with the savepoint
      EXPECT_EQ((co_await outer.next())->size(), 2u);
      auto more = tx.stream(counted_numbers, 4).in_steps_of(2);
      EXPECT_EQ(co_await steps_of(std::move(more)), "2 2");
      co_await tx.exec("INSERT INTO copy VALUES (1)");
    });
    auto db = ctx.db();
    EXPECT_EQ(co_await sum_of(db, "SELECT count(*) AS n FROM copy"), "1");
  });
}

TEST_F(a_row_stream, that_outlives_its_transaction_does_not_read_in_another_one) {
  run([](context& ctx) -> task<> {
    std::optional<row_stream> kept;
    co_await ctx.db().transact([&](transaction& tx) -> task<> {
      kept = tx.stream(counted_numbers, 4).in_steps_of(2);
      (void)co_await kept->next();
    });
    co_await ctx.db().transact([&](transaction& tx) -> task<> {
      auto found = tx.stream(counted_numbers, 4).in_steps_of(2);
      (void)co_await found.next();
      EXPECT_EQ(co_await outcome(kept->next()), "internal: the lease is over");
      kept.reset();
      EXPECT_EQ((co_await found.next())->size(), 2u);
    });
  });
}

TEST_F(a_row_stream, of_a_transaction_whose_other_statement_is_cancelled_ends_with_an_error) {
  run([this](context& ctx) -> task<> {
    const auto ended = co_await outcome(ctx.db().transact([this](transaction& tx) -> task<> {
      auto found = tx.stream(counted_numbers, 10).in_steps_of(5);
      (void)co_await found.next();
      EXPECT_EQ(co_await outcome(with_timeout(50ms, tx.query(database_->endless()))),
                "deadline_exceeded: no result within 50 ms");
      const auto failed = co_await outcome(found.next());
      EXPECT_NE(failed, "no error");
      throw std::runtime_error{"as expected"};
    }));
    EXPECT_EQ(ended, "as expected");
    (void)co_await ctx.db().query("SELECT 1");
  });
}

} // namespace
} // namespace troupe::storage::test
