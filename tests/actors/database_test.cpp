// `ctx.db()` against the real database actor, on SQLite.
#include "actors/channel.hpp"
#include "storage/database.hpp"
#include "tests/actors/runner.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <stdexcept>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

class a_database : public testing::Test {
protected:
  a_database() {
    bench_.run_on(runner_, [](context& ctx) -> task<> {
      co_await ctx.db().exec("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
      EXPECT_EQ(co_await ctx.db().exec("INSERT INTO item VALUES (1, 'one'), (2, 'two'), (3, NULL)"),
                3);
    });
  }

  template <class F>
  auto run(F work) {
    return bench_.run_on(runner_, std::move(work));
  }

  /// With one connection only: one that is not given back is noticed at the next statement.
  config::storage_settings settings() const {
    config::storage_settings out;
    out.url = "sqlite:" + (folder_.path() / "test.db").string();
    out.max_connections = 1;
    out.acquire_timeout = scaled(10s);
    return out;
  }

  temp_directory folder_;
  loop_bench bench_;
  caf::actor database_ = bench_.own(storage::spawn_database(bench_.loop(), settings()));
  caf::actor runner_ = bench_.spawn_runner(database_);
};

task<std::int64_t> count(context& ctx) {
  const auto found = co_await ctx.db().one("SELECT count(*) AS n FROM item");
  co_return found.get<std::int64_t>("n");
}

TEST_F(a_database, gives_all_rows_the_one_row_or_the_first_if_any) {
  run([](context& ctx) -> task<> {
    const auto all = co_await ctx.db().query("SELECT id, name FROM item ORDER BY id");
    EXPECT_EQ(nlohmann::json(all).dump(),
              R"([{"id":1,"name":"one"},{"id":2,"name":"two"},{"id":3,"name":null}])");
    EXPECT_TRUE((co_await ctx.db().query("SELECT * FROM item WHERE id = $1", 9)).empty());

    const auto two =
        co_await ctx.db().one("SELECT * FROM item WHERE name = $1 OR name = $2", "two",
                               std::string{"twenty"});
    EXPECT_EQ(two.get<int>("id"), 2);
    EXPECT_EQ(co_await outcome(ctx.db().one("SELECT * FROM item WHERE id = $1", 9)),
              "not_found: no such row");

    const auto found = co_await ctx.db().find("SELECT * FROM item WHERE id = $1", 3);
    EXPECT_EQ(found.value().get<std::optional<std::string>>("name"), std::nullopt);
    EXPECT_FALSE(co_await ctx.db().find("SELECT * FROM item WHERE id = $1", 9));

    EXPECT_EQ(co_await ctx.db().exec("UPDATE item SET name = $1 WHERE id < $2", nullptr, 3), 2);
    EXPECT_EQ(co_await ctx.db().exec("DELETE FROM item WHERE id = $1", 9), 0);
  });
}

TEST_F(a_database, takes_arguments_of_every_type_apart_from_the_text) {
  run([](context& ctx) -> task<> {
    const auto echo = [&](auto value) { return ctx.db().one("SELECT $1 AS x", value); };
    EXPECT_EQ((co_await echo(std::int64_t{-5})).get<int>("x"), -5);
    EXPECT_EQ((co_await echo(4'000'000'000u)).get<std::int64_t>("x"), 4'000'000'000);
    EXPECT_EQ((co_await echo(1.5f)).get<double>("x"), 1.5);
    EXPECT_TRUE((co_await echo(true)).get<bool>("x"));
    EXPECT_EQ((co_await echo(std::string{"'; DROP TABLE item; --"})).get<std::string>("x"),
              "'; DROP TABLE item; --");
    EXPECT_EQ((co_await echo(std::string_view{"view"})).get<std::string>("x"), "view");
    EXPECT_EQ((co_await echo(static_cast<const char*>("text"))).get<std::string>("x"), "text");
    EXPECT_EQ((co_await echo(blob{std::string{"\0\xff", 2}})).get<std::string>("x"),
              (std::string{"\0\xff", 2}));
    EXPECT_EQ((co_await echo(nlohmann::json{{"a", 1}})).get<std::string>("x"), R"({"a":1})");
    EXPECT_EQ((co_await echo(std::optional<int>{})).get<std::optional<int>>("x"), std::nullopt);
    EXPECT_EQ((co_await echo(std::optional<int>{6})).get<int>("x"), 6);
    EXPECT_EQ(co_await count(ctx), 3);
  });
}

struct item {
  int id = 0;
  std::optional<std::string> name;
};
TROUPE_COLUMNS(item, id, name)

TEST_F(a_database, gives_rows_as_structs) {
  run([](context& ctx) -> task<> {
    const auto all = co_await ctx.db().query_as<item>("SELECT name, id FROM item ORDER BY id");
    EXPECT_EQ(nlohmann::json(all).dump(),
              R"([{"id":1,"name":"one"},{"id":2,"name":"two"},{"id":3,"name":null}])");
    EXPECT_EQ((co_await ctx.db().one_as<item>("SELECT * FROM item WHERE id = $1", 2)).name, "two");
    EXPECT_EQ(co_await outcome(ctx.db().one_as<item>("SELECT * FROM item WHERE id = $1", 9)),
              "not_found: no such row");
    EXPECT_EQ((co_await ctx.db().find_as<item>("SELECT * FROM item WHERE id = $1", 3)).value().name, std::nullopt);
    EXPECT_FALSE(co_await ctx.db().find_as<item>("SELECT * FROM item WHERE id = $1", 9));
    EXPECT_EQ(co_await outcome(ctx.db().query_as<item>("SELECT id FROM item")),
              "internal: column \"name\" of item is not in the result: it has id");
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      EXPECT_EQ((co_await tx.query_as<item>("SELECT * FROM item WHERE id IN (SELECT value FROM json_each($1))",
                                            std::vector{1, 3}))
                  .size(),
                2u);
    });
  });
}

TEST_F(a_database, says_conflict_for_a_violated_constraint_and_hides_what_is_internal) {
  run([](context& ctx) -> task<> {
    const auto twice = co_await outcome(ctx.db().exec("INSERT INTO item VALUES (1, 'x')"));
    EXPECT_TRUE(twice.starts_with("conflict: ")) << twice;
    const auto wrong = co_await outcome(ctx.db().query("SELECT no_such_column FROM item"));
    EXPECT_TRUE(wrong.starts_with("internal: ")) << wrong;
    EXPECT_EQ(wrong.find("no_such_column"), std::string::npos);
  });
}

TEST_F(a_database, commits_what_a_transaction_returns_from) {
  run([](context& ctx) -> task<> {
    const auto made = co_await ctx.db().transact([](transaction& tx) -> task<int> {
      co_await tx.exec("INSERT INTO item VALUES (4, 'four')");
      const auto seen = co_await tx.one("SELECT count(*) AS n FROM item"); // its own change
      co_return seen.get<int>("n");
    });
    EXPECT_EQ(made, 4);
    co_await ctx.db().transact(
        [](transaction& tx) -> task<> { co_await tx.exec("DELETE FROM item WHERE id = $1", 1); });
    EXPECT_EQ(co_await count(ctx), 3);
  });
}

TEST_F(a_database, rolls_back_what_a_transaction_throws_out_of) {
  run([](context& ctx) -> task<> {
    const auto failing = [](transaction& tx) -> task<> {
      co_await tx.exec("DELETE FROM item");
      co_await tx.exec("INSERT INTO item VALUES (1, 'a'), (2, 'a')");
    };
    EXPECT_TRUE((co_await outcome(ctx.db().transact(failing))).starts_with("conflict: "));
    EXPECT_EQ(co_await count(ctx), 3);
    const auto throwing = [](transaction& tx) -> task<> {
      co_await tx.exec("DELETE FROM item");
      throw std::runtime_error{"changed my mind"};
    };
    EXPECT_EQ(co_await outcome(ctx.db().transact(throwing)), "changed my mind");
    EXPECT_EQ(co_await count(ctx), 3);
  });
}

/// Begins a transaction that deletes everything, then waits for ever.
task<> stuck_transaction(context& ctx, token held, channel<int> begun) {
  co_await ctx.db().transact([held, begun](transaction& tx) mutable -> task<> {
    co_await tx.exec("DELETE FROM item");
    begun.try_send(1);
    co_await channel<int>{1}.recv();
  });
}

TEST_F(a_database, rolls_back_a_transaction_that_is_destroyed_while_it_waits) {
  const auto held = make_token();
  run([&held](context& ctx) -> task<> {
    channel<int> begun{1};
    end_flag ends;
    auto stuck = stuck_transaction(ctx, held, begun);
    stuck.start(ends);
    co_await begun.recv();
    stuck.reset();
    EXPECT_EQ(co_await count(ctx), 3); // and the connection is back
    auto waits_for_connection = stuck_transaction(ctx, held, begun);
    waits_for_connection.start(ends);
    waits_for_connection.reset(); // the lease that comes is given back
    EXPECT_EQ(co_await count(ctx), 3);
    EXPECT_FALSE(ends.ended);
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST_F(a_database, rolls_back_a_transaction_whose_actor_ends) {
  const auto held = make_token();
  const auto doomed = bench_.spawn_runner(database_);
  bench_.run_on(doomed, [held](context& ctx) -> task<> {
    channel<int> begun{1};
    static_cast<void>(ctx.spawn(stuck_transaction(ctx, held, begun)));
    co_await begun.recv();
  });
  bench_.end(doomed);
  EXPECT_EQ(held.use_count(), 1);
  run([](context& ctx) -> task<> { EXPECT_EQ(co_await count(ctx), 3); });
}

TEST_F(a_database, serves_many_at_once_through_one_connection) {
  run([](context& ctx) -> task<> {
    std::vector<join_handle<std::int64_t>> all;
    for (int i = 10; i < 60; ++i)
      all.push_back(ctx.spawn([i](context& c) -> task<std::int64_t> {
        if (i % 2 == 0)
          co_return co_await c.db().exec("INSERT INTO item VALUES ($1, $2)", i, std::to_string(i));
        co_return co_await c.db().transact([i](transaction& tx) -> task<std::int64_t> {
          co_return co_await tx.exec("INSERT INTO item VALUES ($1, $2)", i, std::to_string(i));
        });
      }));
    EXPECT_EQ(co_await join_all(std::move(all)), std::vector<std::int64_t>(50, 1));
    EXPECT_EQ(co_await count(ctx), 53);
  });
}

TEST_F(a_database, outlives_its_statement_and_the_handle_that_made_it) {
  run([](context& ctx) -> task<> {
    auto statement = [&] {
      auto handle = ctx.db();
      return handle.one(std::string{"SELECT $1 AS x"}, std::string(200, 'x'));
    }();
    EXPECT_EQ((co_await std::move(statement)).get<std::string>("x"), std::string(200, 'x'));
  });
}

} // namespace
} // namespace troupe::test
