// Many rows into a table: what is kept, and what is said of those that are not.
#include "actors/channel.hpp"
#include "tests/storage/rows_fixture.hpp"

#include <chrono>
#include <limits>
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

class a_copy : public on_a_database {
protected:
  a_copy() {
    connect(database_->settings())
      ->run_script("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, CHECK (id >= 0))");
  }
};

/// How a transaction ends that copies these; the place of a name is its id.
task<std::string> end_of(context& ctx, std::vector<std::pair<int, std::optional<std::string>>> all) {
  co_return co_await outcome(ctx.db().transact([&](transaction& tx) -> task<> {
    auto out = tx.copy_in("item", {"id", "name"});
    for (const auto& [id, name] : all)
      co_await out.row(id, name);
    (void)co_await out.end();
  }));
}

TEST_F(a_copy, takes_all_rows_once_and_tells_their_number) {
  run([](context& ctx) -> task<> {
    const auto name = std::string(100, 'x');
    const auto count = co_await ctx.db().transact([&](transaction& tx) -> task<int64_t> {
      auto out = tx.copy_in("item", {"name", "id"});
      for (int i = 0; i < 10'000; ++i)
        co_await out.row(name, i);
      co_return co_await out.end();
    });
    EXPECT_EQ(count, 10'000);
    const auto found =
      co_await ctx.db().one("SELECT count(*) AS n, sum(id) AS s, min(name) AS a, max(name) AS z FROM item");
    EXPECT_EQ(found.get<int>("n"), 10'000);
    EXPECT_EQ(found.get<int64_t>("s"), 49'995'000);
    EXPECT_EQ(found.get<std::string>("a"), name);
    EXPECT_EQ(found.get<std::string>("z"), name);
  });
}

TEST_F(a_copy, of_no_rows_is_none) {
  run([](context& ctx) -> task<> {
    const auto count = co_await ctx.db().transact([](transaction& tx) -> task<int64_t> {
      auto out = tx.copy_in("item", {"id", "name"});
      co_return co_await out.end();
    });
    EXPECT_EQ(count, 0);
  });
}

TEST_F(a_copy, keeps_every_byte_of_texts_that_mean_something_to_its_format) {
  run([](context& ctx) -> task<> {
    std::vector<std::string> texts{
      "", "\\N", "\\\\N", "\\.", "\\", "\t", "\n", "\r\n", "a\tb\\tc",
      "\\x41", "\\101", "\b\f\v", "NULL", "--", "'; DROP", "{1,2}", " pad ", "\"q\",\"r\"",
      "é€😀", "\x7f", "$1", "\\\n\\\t", "\\n", "\\.\n\\.", "line\n\\.\n"};
    for (char c = 1; c < 127; ++c)
      texts.push_back(std::string{c} + '\\' + c);
    co_await ctx.db().transact([&](transaction& tx) -> task<> {
      auto out = tx.copy_in("item", {"id", "name"});
      for (std::size_t i = 0; i < texts.size(); ++i)
        co_await out.row(static_cast<int>(i), texts[i]);
      (void)co_await out.end();
    });
    const auto found = co_await ctx.db().query("SELECT name FROM item ORDER BY id");
    EXPECT_EQ(found.size(), texts.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(found[i].get<std::string>("name"), texts[i]) << i;
  });
}

TEST_F(a_copy, stores_values_of_all_types_as_insert_does) {
  run([this](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await db.exec("CREATE TABLE v (way TEXT, n BIGINT, r DOUBLE PRECISION, b BOOLEAN, d "
                     + database_->exact_decimal() + ", y " + database_->bytes() + ", j JSON, s TIMESTAMP)");
    co_await db.transact([](transaction& tx) -> task<> {
      auto out = tx.copy_in("v", {"way", "n", "r", "b", "d", "y", "j", "s"});
      const auto both = [&](auto... values) -> task<> {
        co_await tx.exec("INSERT INTO v VALUES ('insert', $1, $2, $3, $4, $5, $6, $7)", values...);
        co_await out.row("copy", values...);
      };
      std::string all_bytes;
      for (int c = 0; c < 256; ++c)
        all_bytes += static_cast<char>(c);
      co_await both(std::numeric_limits<int64_t>::min(), 0.1, true, numeric{"-12.500000000000000000001"},
                    blob{all_bytes}, json_text{R"({"a":"\\\n\"","b":[1]})"}, timestamp{"2026-01-31T12:00:00.5"});
      co_await both(std::numeric_limits<int64_t>::max(), 1e300, false, numeric{"0"}, blob{}, json_text{"null"},
                    timestamp{"1999-12-31T23:59:59"});
      co_await both(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
      (void)co_await out.end();
    });
    const auto inserted = co_await db.query("SELECT * FROM v WHERE way = 'insert' ORDER BY r");
    const auto copied = co_await db.query("SELECT * FROM v WHERE way = 'copy' ORDER BY r");
    EXPECT_EQ(inserted.size(), 3u);
    EXPECT_EQ(copied.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i)
      for (const auto* column : {"n", "r", "b", "d", "y", "j", "s"})
        EXPECT_TRUE(copied[i][column] == inserted[i][column]) << column << " of row " << i;
  });
}

TEST_F(a_copy, takes_names_as_they_are) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.exec(R"(CREATE TABLE "Or""der, line 9; DROP" ("a ""b""" INTEGER, "Select" TEXT))");
      auto out = tx.copy_in(R"(Or"der, line 9; DROP)", {"Select", R"(a "b")"});
      co_await out.row("one", 1);
      EXPECT_EQ(co_await out.end(), 1);
      const auto found = co_await tx.one(R"(SELECT "a ""b""" AS a, "Select" AS b FROM "Or""der, line 9; DROP")");
      EXPECT_EQ(found.get<int>("a"), 1);
      EXPECT_EQ(found.get<std::string>("b"), "one");
    });
  });
}

TEST_F(a_copy, runs_beside_other_statements_of_its_transaction) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.exec("CREATE TABLE other (id INTEGER)");
      auto source = tx.stream(
        "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 3000) SELECT i FROM g");
      auto out = tx.copy_in("item", {"id", "name"});
      auto second = tx.copy_in("other", {"id"});
      while (auto some = co_await source.next())
        for (auto row : *some) {
          co_await out.row(row.get<int>("i"), std::string(50, 'n'));
          co_await second.row(row.get<int>("i"));
        }
      EXPECT_EQ(co_await out.end(), 3000);
      EXPECT_EQ(co_await second.end(), 3000);
    });
    const auto found = co_await ctx.db().one("SELECT count(*) AS n FROM item JOIN other ON item.id = other.id");
    EXPECT_EQ(found.get<int>("n"), 3000);
  });
}

// -- what is not kept -----------------------------------------------------------------------------------

TEST_F(a_copy, that_is_destroyed_before_its_end_leaves_nothing_and_its_transaction_cannot_be_committed) {
  run([](context& ctx) -> task<> {
    for (const int rows : {0, 1, 5000}) {
      const auto ended = co_await outcome(ctx.db().transact([&](transaction& tx) -> task<> {
        co_await tx.exec("INSERT INTO item VALUES (100000, 'beside')");
        auto out = tx.copy_in("item", {"id", "name"});
        for (int i = 0; i < rows; ++i)
          co_await out.row(i, std::string(50, 'n'));
      }));
      EXPECT_EQ(ended, "conflict: a part of the transaction was given up, so that all of it is rolled back");
      EXPECT_EQ(co_await item_ids(ctx), "");
    }
  });
}

TEST_F(a_copy, that_fails_in_a_nested_transaction_leaves_the_outer_one_whole) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.exec("INSERT INTO item VALUES (1, 'one')");
      for (const bool destroyed : {true, false}) {
        const auto failed = co_await outcome(tx.nested([&](transaction& inner) -> task<> {
          auto out = inner.copy_in("item", {"id", "name"});
          for (int i = 5000; i > 0; --i)
            co_await out.row(i, std::string(50, 'n'));
          if (!destroyed)
            (void)co_await out.end();
        }));
        EXPECT_TRUE(failed.starts_with("conflict: ")) << failed;
      }
      co_await tx.exec("INSERT INTO item VALUES (2, 'two')");
    });
    EXPECT_EQ(co_await item_ids(ctx), "1 2");
  });
}

TEST_F(a_copy, whose_row_is_refused_says_which_and_why) {
  run([](context& ctx) -> task<> {
    EXPECT_EQ(co_await end_of(ctx, {{1, "a"}, {2, "b"}, {1, "c"}, {4, "d"}}),
              "conflict: a row with this value exists already, in row 3");
    EXPECT_EQ(co_await end_of(ctx, {{1, "a"}, {2, std::nullopt}}),
              "unprocessable: a required value is missing, in row 2");
    EXPECT_EQ(co_await end_of(ctx, {{-1, "a"}}),
              "unprocessable: a value is not one that the database accepts, in row 1");
    EXPECT_EQ(co_await end_of(ctx, {{1, "a"}, {2, std::string{"\0", 1}}}),
              "invalid_argument: row 2, value 2 holds a NUL character");
    EXPECT_EQ(co_await end_of(ctx, {{1, "\xff"}}), "invalid_argument: row 1, value 2 is not valid UTF-8");
    std::vector<std::pair<int, std::optional<std::string>>> many;
    for (int i = 0; i < 5000; ++i)
      many.emplace_back(i, std::string(50, 'n'));
    many.emplace_back(0, "again");
    EXPECT_EQ(co_await end_of(ctx, many), "conflict: a row with this value exists already, in row 5001");
    EXPECT_EQ(co_await item_ids(ctx), "");
  });
}

TEST_F(a_copy, into_what_is_not_there_or_may_not_be_changed_is_refused) {
  run([](context& ctx) -> task<> {
    const auto end_in = [&](transaction_options how, std::string table,
                            std::vector<std::string> columns) -> task<std::string> {
      co_return co_await outcome(ctx.db().transact(how, [&](transaction& tx) -> task<> {
        auto out = tx.copy_in(table, columns);
        co_await out.row(1, "one");
        (void)co_await out.end();
      }));
    };
    const std::string refused = "internal: the database refused the statement";
    EXPECT_EQ(co_await end_in({}, "nothing", {"id", "name"}), refused);
    EXPECT_EQ(co_await end_in({}, "item", {"id", "nothing"}), refused);
    EXPECT_EQ(co_await end_in({.read_only = true}, "item", {"id", "name"}), "internal: the transaction is read only");
    EXPECT_EQ(co_await end_in({}, "item", {"id"}), "internal: COPY \"item\" (\"id\"): 2 values for 1 columns");
    EXPECT_EQ(co_await end_in({}, "item", {}), "internal: COPY \"item\" (): no columns");
    EXPECT_EQ(co_await item_ids(ctx), "");
  });
}

TEST_F(a_copy, takes_nothing_more_after_its_end_or_a_failure) {
  run([](context& ctx) -> task<> {
    const auto ended = co_await outcome(ctx.db().transact([](transaction& tx) -> task<> {
      auto out = tx.copy_in("item", {"id"});
      EXPECT_EQ(co_await out.end(), 0);
      EXPECT_EQ(co_await outcome(out.end()), "internal: COPY \"item\" (\"id\") has ended");
      EXPECT_THROW(static_cast<void>(out.row(1)), error);
      auto second = tx.copy_in("item", {"id", "name"});
      co_await second.row(1, nullptr);
      EXPECT_EQ(co_await outcome(second.end()), "unprocessable: a required value is missing, in row 1");
      EXPECT_TRUE((co_await outcome(second.end())).starts_with("conflict: rows before this one have failed"));
    }));
    EXPECT_TRUE(ended.starts_with("conflict: ")) << ended;
    EXPECT_EQ(co_await item_ids(ctx), "");
  });
}

TEST_F(a_copy, whose_time_is_over_gives_the_connection_back_with_nothing_of_it) {
  run([](context& ctx) -> task<> {
    for (int i = 0; i < 20; ++i) {
      auto endless = ctx.db().transact([](transaction& tx) -> task<> {
        auto out = tx.copy_in("item", {"id", "name"});
        for (int id = 0;; ++id)
          co_await out.row(id, std::string(1000, 'n'));
      });
      EXPECT_EQ(co_await outcome(with_timeout(std::chrono::milliseconds{i}, std::move(endless))),
                "deadline_exceeded: no result within " + std::to_string(i) + " ms");
      EXPECT_EQ(co_await item_ids(ctx), "");
    }
  });
}

} // namespace
} // namespace troupe::storage::test
