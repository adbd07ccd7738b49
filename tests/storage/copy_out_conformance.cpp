// Rows as CSV: the text that both databases give, and what becomes of the connection that it comes from.
#include "tests/actors/runner.hpp"
#include "tests/storage/rows_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace troupe::storage::test {
namespace {

using namespace std::chrono_literals;
using std::int64_t;
using std::string;
using troupe::test::outcome;

/// 1 to $1, on either database.
constexpr auto counted =
  "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < CAST($1 AS INTEGER)) SELECT i FROM g";

/// 1 to 49,999; of what would be the next one the absolute value does not fit.
constexpr auto fails_at_50000 =
  "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 100000) "
  "SELECT i, abs(CASE WHEN i = 50000 THEN CAST('-9223372036854775808' AS BIGINT) ELSE i END) AS v FROM g";

class a_copy_out : public on_a_database {};

task<string> all_of(copy_reader out) {
  string text;
  while (auto piece = co_await out.next()) {
    EXPECT_FALSE(piece->empty());
    EXPECT_TRUE(piece->ends_with('\n')) << "whole lines";
    text += *piece;
  }
  EXPECT_FALSE(co_await out.next()) << "the end stays the end";
  co_return text;
}

TEST_F(a_copy_out, is_csv_with_what_needs_it_in_quotes) {
  run([this](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await db.exec("CREATE TABLE v (n BIGINT, r DOUBLE PRECISION, b BOOLEAN, t TEXT, y " + database_->bytes()
                     + ", d " + database_->exact_decimal() + ")");
    const auto insert = "INSERT INTO v VALUES ($1, $2, $3, $4, $5, $6)";
    co_await db.exec(insert, INT64_MIN, 0.1, true, "plain", blob{string{"\0\xff", 2}}, numeric{"12.50"});
    co_await db.exec(insert, INT64_MAX, -2.5, false, "a,b", blob{}, numeric{"-0.001"});
    co_await db.exec(insert, 0, 1e300, nullptr, "", nullptr, nullptr);
    co_await db.exec(insert, 1, 100.0, nullptr, nullptr, nullptr, nullptr);
    co_await db.exec(insert, 2, nullptr, nullptr, "\"q\" \r\n\\N\t\\.", nullptr, nullptr);
    co_await db.exec(insert, 3, nullptr, nullptr, " é€😀 '; --", nullptr, nullptr);
    EXPECT_EQ(co_await all_of(db.copy_out("SELECT * FROM v ORDER BY n").with_header()),
              "n,r,b,t,y,d\n"
              "-9223372036854775808,0.1,t,plain,\\x00ff,12.50\n"
              "0,1e+300,,\"\",,\n"
              "1,100,,,,\n"
              "2,,,\"\"\"q\"\" \r\n\\N\t\\.\",,\n"
              "3,,, é€😀 '; --,,\n"
              "9223372036854775807,-2.5,f,\"a,b\",\\x,-0.001\n");
    EXPECT_EQ(co_await all_of(db.copy_out("SELECT 1 AS \"a,b\", 'x' AS \"\"\"\"").with_header()),
              "\"a,b\",\"\"\"\"\n1,x\n");
    EXPECT_EQ(co_await all_of(db.copy_out("SELECT t FROM v WHERE n < 2 ORDER BY n")), "plain\n\"\"\n\n");
    EXPECT_EQ(co_await all_of(db.copy_out("SELECT '\\.'")), "\"\\.\"\n");
  });
}

TEST_F(a_copy_out, has_floating_point_numbers_as_the_other_database_writes_them) {
  run([](context& ctx) -> task<> {
    const std::pair<double, string> numbers[] = {{0.0, "0"},
                                                 {-0.5, "-0.5"},
                                                 {100000.0, "100000"},
                                                 {0.0001, "0.0001"},
                                                 {0.00001, "1e-05"},
                                                 {123456789012345.0, "123456789012345"},
                                                 {1e15, "1e+15"},
                                                 {1.0 / 3, "0.3333333333333333"},
                                                 {1e300, "1e+300"},
                                                 {5e-324, "5e-324"}};
    for (const auto& [number, text] : numbers)
      EXPECT_EQ(co_await all_of(ctx.db().copy_out("SELECT CAST($1 AS DOUBLE PRECISION)", number)), text + '\n');
  });
}

TEST_F(a_copy_out, of_no_rows_is_nothing_or_the_header) {
  run([](context& ctx) -> task<> {
    EXPECT_EQ(co_await all_of(ctx.db().copy_out("SELECT 1 AS a WHERE 1 = 2")), "");
    EXPECT_EQ(co_await all_of(ctx.db().copy_out("SELECT 1 AS a, 2 AS b WHERE 1 = 2").with_header()), "a,b\n");
  });
}

TEST_F(a_copy_out, comes_in_pieces_of_whole_lines) {
  run([](context& ctx) -> task<> {
    auto out = ctx.db().copy_out(counted, 100'000);
    string text;
    std::size_t pieces = 0;
    std::size_t largest = 0;
    for (; auto piece = co_await out.next(); ++pieces) {
      EXPECT_TRUE(piece->ends_with('\n'));
      largest = std::max(largest, piece->size());
      text += *piece;
    }
    EXPECT_GE(pieces, text.size() / (80 * 1024));
    EXPECT_LE(largest, 80u * 1024);
    string expected;
    for (int i = 1; i <= 100'000; ++i)
      expected += std::to_string(i) + '\n';
    EXPECT_TRUE(text == expected);
  });
}

TEST_F(a_copy_out, takes_arguments_of_all_kinds_whatever_they_hold) {
  const bool is_sqlite = backend_of(database_->settings().url) == backend::sqlite; // whose conditions are numbers
  run([is_sqlite](context& ctx) -> task<> {
    auto db = ctx.db();
    for (const string hostile : {"'", "''", "\\", "\\'", "'; DROP TABLE v; --", "$1", "\"", "/*", "E'\\''", "é\n",
                                 ") TO PROGRAM 'false", "\\'); --"}) {
      const auto found = co_await db.one("SELECT CAST($1 AS TEXT) AS t", hostile);
      EXPECT_EQ(found.get<string>("t"), hostile);
      EXPECT_EQ(co_await all_of(db.copy_out("SELECT 'same' WHERE CAST($1 AS TEXT) = $2", hostile, hostile)), "same\n")
        << hostile;
      EXPECT_EQ(co_await all_of(db.copy_out("SELECT length(CAST($1 AS TEXT)) - length(CAST($2 AS TEXT))", hostile,
                                            hostile + "12")),
                "-2\n")
        << hostile;
    }
    EXPECT_EQ(co_await all_of(db.copy_out("SELECT CAST($1 AS BIGINT) + $2, coalesce($3, 'null'), $4 = 0.5", -5, int64_t{3},
                                          std::optional<string>{}, 0.5)),
              "-2,null," + string{is_sqlite ? "1" : "t"} + '\n');
    EXPECT_EQ(co_await all_of(db.copy_out("SELECT '$1 ''$2' /* $3 */, -- $4\n CAST($1 AS INTEGER) ; -- $9", 7)),
              "$1 '$2,7\n");
    EXPECT_EQ(co_await all_of(db.copy_out("SELECT 1 -- the end")), "1\n");
    for (int n : {1, 10}) // the placeholder with two digits is not the first one and a zero
      EXPECT_EQ(co_await all_of(db.copy_out("SELECT CAST($10 AS INTEGER) + 0 * (CAST($1 AS INTEGER) + CAST($2 AS "
                                            "INTEGER) + CAST($3 AS INTEGER) + CAST($4 AS INTEGER) + CAST($5 AS INTEGER)"
                                            " + CAST($6 AS INTEGER) + CAST($7 AS INTEGER) + CAST($8 AS INTEGER) + "
                                            "CAST($9 AS INTEGER))",
                                            1, 2, 3, 4, 5, 6, 7, 8, 9, n)),
                std::to_string(n) + '\n');
  });
}

TEST_F(a_copy_out, is_refused_for_what_does_more_than_read_and_for_arguments_that_do_not_fit) {
  run([](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await db.exec("CREATE TABLE item (id INTEGER)");
    for (const string sql :
         {"INSERT INTO item VALUES (1)", "DELETE FROM item RETURNING id", "WITH a AS (SELECT 1) INSERT INTO item SELECT 1",
          "COMMIT", "CREATE TABLE o (v INT)", "SELECT 1; DELETE FROM item", "SELECT 1) TO STDOUT; DELETE FROM item; --",
          "SELECT nothing FROM nowhere", "SELECT $1", "item", "item TO STDOUT", "", "-- nothing"})
      EXPECT_EQ(co_await outcome(db.copy_out(sql).next()), "internal: the database refused the statement") << sql;
    EXPECT_EQ(co_await outcome(db.copy_out("SELECT CAST($1 AS INTEGER)", 1, 2).next()),
              "internal: the database refused the statement");
    EXPECT_EQ(co_await outcome(db.copy_out("SELECT CAST($1 AS TEXT)", string{"\0", 1}).next()),
              "invalid_argument: parameter $1 holds a NUL character");
    EXPECT_EQ((co_await db.one("SELECT count(*) AS n FROM item")).get<int>("n"), 0);
  });
}

TEST_F(a_copy_out, gives_the_error_in_its_middle_to_the_piece_that_meets_it_and_to_all_after_it) {
  run([](context& ctx) -> task<> {
    auto out = ctx.db().copy_out(fails_at_50000);
    const auto failed = co_await outcome([](copy_reader& from) -> task<> {
      while (co_await from.next()) {
      }
    }(out));
    EXPECT_EQ(failed, co_await outcome(ctx.db().query(fails_at_50000)));
    EXPECT_EQ(co_await outcome(out.next()), failed);
  });
}

TEST_F(a_copy_out, that_is_left_in_its_middle_leaves_the_pool_a_connection) {
  run([](context& ctx) -> task<> {
    auto db = ctx.db();
    for (int i = 0; i < 10; ++i) {
      auto left = db.copy_out(counted, 10'000'000);
      (void)co_await left.next();
      auto not_begun = db.copy_out(counted, 10);
    }
    co_await db.exec("CREATE TABLE made (v INTEGER)"); // nothing is left of the read-only transaction
    EXPECT_EQ(co_await all_of(db.copy_out("SELECT count(*) FROM made")), "0\n");
  });
}

TEST_F(a_copy_out, whose_piece_is_given_up_is_cancelled) {
  run([this](context& ctx) -> task<> {
    auto out = ctx.db().copy_out(database_->endless());
    EXPECT_EQ(co_await outcome(with_timeout(50ms, out.next())), "deadline_exceeded: no result within 50 ms");
    (void)co_await ctx.db().query("SELECT 1");
    EXPECT_EQ(co_await outcome(out.next()), "conflict: a step of these rows was given up");
    for (int i = 0; i < 100; ++i) { // at whatever point it has come to
      auto cut = ctx.db().copy_out(counted, 1'000'000);
      (void)co_await outcome(with_timeout(std::chrono::microseconds{i * 20}, cut.next()));
    }
    (void)co_await ctx.db().query("SELECT 1");
  });
}

} // namespace
} // namespace troupe::storage::test
