// `ctx.db().coalesce()` against the real database actor, on SQLite.
#include "actors/combine.hpp"
#include "actors/messages/database_figures.hpp"
#include "actors/messages/local.hpp"
#include "actors/row_stream.hpp"
#include "storage/database.hpp"
#include "tests/actors/runner.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {
namespace {

using std::int64_t;

constexpr const char* item_by_id = "SELECT id, name FROM item WHERE id IN (SELECT value FROM json_each($1))";
constexpr const char* items_by_owner =
  "SELECT owner, name FROM item WHERE owner IN (SELECT value FROM json_each($1)) ORDER BY id";

struct named_item {
  std::string name;
};
TROUPE_COLUMNS(named_item, name)

class coalesced_reads : public testing::Test {
protected:
  coalesced_reads() {
    run([](context& ctx) -> task<> {
      co_await ctx.db().exec("CREATE TABLE item (id INTEGER PRIMARY KEY, owner TEXT, name TEXT)");
      co_await ctx.db().exec("INSERT INTO item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                             "WHERE i < 3000) SELECT i, 'owner ' || (i % 10), 'item ' || i FROM n");
    });
  }

  template <class F>
  void run(F work) {
    bench_.run_on(runner_, std::move(work));
  }

  config::storage_settings settings() const {
    config::storage_settings out;
    out.url = "sqlite:" + (folder_.path() / "test.db").string();
    out.max_connections = 2;
    return out;
  }

  /// How often it has been carried out.
  std::uint64_t runs_of(const std::string& sql) {
    std::uint64_t out = 0;
    auto& self = bench_.self();
    self->send(database_, call_id{1}, database_figures_query{100});
    self->receive([&](call_id, const local_reply& value) {
      for (const auto& each : std::static_pointer_cast<database_figures>(value.value)->statements)
        if (each.sql == sql)
          out = each.count;
    });
    return out;
  }

  temp_directory folder_;
  loop_bench bench_;
  caf::actor database_ = bench_.own(storage::spawn_database(bench_.loop(), settings()));
  caf::actor runner_ = bench_.spawn_runner(database_);
};

task<std::string> name_of(context& ctx, int64_t id) {
  const auto found = co_await ctx.db().coalesce("id").find(item_by_id, id);
  co_return found ? found->get<std::string>("name") : "none";
}

task<std::vector<std::string>> names_of(context& ctx, std::vector<int64_t> ids) {
  std::vector<task<std::string>> all;
  for (const auto id : ids)
    all.push_back(name_of(ctx, id));
  co_return co_await join_all(std::move(all));
}

std::vector<int64_t> up_to(int64_t last) {
  std::vector<int64_t> out;
  for (int64_t i = 1; i <= last; ++i)
    out.push_back(i);
  return out;
}

TEST_F(coalesced_reads, that_are_asked_for_together_are_one_statement) {
  run([](context& ctx) -> task<> {
    const auto names = co_await names_of(ctx, up_to(31));
    for (std::size_t i = 0; i < names.size(); ++i)
      EXPECT_EQ(names[i], "item " + std::to_string(i + 1));
  });
  EXPECT_EQ(runs_of(item_by_id), 1u);
}

TEST_F(coalesced_reads, are_two_halves_when_they_are_many) {
  run([](context& ctx) -> task<> {
    for (const int64_t many : {32, 301}) {
      const auto names = co_await names_of(ctx, up_to(many));
      for (std::size_t i = 0; i < names.size(); ++i)
        EXPECT_EQ(names[i], "item " + std::to_string(i + 1));
    }
  });
  EXPECT_EQ(runs_of(item_by_id), 4u);
}

TEST_F(coalesced_reads, are_in_statements_of_a_thousand_keys_at_most) {
  run([](context& ctx) -> task<> {
    const auto names = co_await names_of(ctx, up_to(2500));
    EXPECT_EQ(names.back(), "item 2500");
    EXPECT_EQ(names.front(), "item 1");
  });
  EXPECT_EQ(runs_of(item_by_id), 4u) << "two of a thousand, and the rest in halves";
}

TEST_F(coalesced_reads, of_one_key_give_the_same_rows_to_all_and_of_none_nothing) {
  run([](context& ctx) -> task<> {
    EXPECT_EQ(co_await names_of(ctx, {5, 0, 5, -7, 5}),
              (std::vector<std::string>{"item 5", "none", "item 5", "none", "item 5"}));
    EXPECT_EQ(co_await outcome(ctx.db().coalesce("id").one(item_by_id, 0)), "not_found: no such row");
    EXPECT_EQ((co_await ctx.db().coalesce("id").one_as<named_item>(item_by_id, 6)).name, "item 6");
  });
}

TEST_F(coalesced_reads, give_all_rows_of_their_key_in_the_order_of_the_statement) {
  run([](context& ctx) -> task<> {
    std::vector<task<rows>> all;
    for (const auto* owner : {"owner 3", "owner 4", "nobody"})
      all.push_back(ctx.db().coalesce("owner").query(items_by_owner, owner));
    const auto found = co_await join_all(std::move(all));
    EXPECT_EQ(found[0].size(), 300u);
    EXPECT_EQ(found[0][0].get<std::string>("name"), "item 3");
    EXPECT_EQ(found[0][299].get<std::string>("name"), "item 2993");
    EXPECT_EQ(found[1].size(), 300u);
    EXPECT_EQ(found[1][1].get<std::string>("name"), "item 14");
    EXPECT_TRUE(found[2].empty());
    EXPECT_EQ(found[0].as<named_item>().at(2).name, "item 23");
    std::size_t counted = 0;
    for (const auto& each : found[1])
      counted += each.get<std::string>("owner") == "owner 4" ? 1U : 0U;
    EXPECT_EQ(counted, 300u);
  });
}

TEST_F(coalesced_reads, get_what_they_would_get_alone_also_where_the_database_compares_otherwise) {
  run([](context& ctx) -> task<> {
    std::vector<task<rows>> all;
    for (const auto* owner : {"OWNER 3", "owner 3", "Owner 4", "nobody"})
      all.push_back(ctx.db().coalesce("owner").query(
        "SELECT owner, name FROM item WHERE owner COLLATE NOCASE IN (SELECT value COLLATE NOCASE FROM json_each($1))",
        owner));
    const auto found = co_await join_all(std::move(all));
    EXPECT_EQ(found[0].size(), 300u);
    EXPECT_EQ(found[1].size(), 300u);
    EXPECT_EQ(found[2].size(), 300u);
    EXPECT_EQ(found[2][0].get<std::string>("name"), "item 4");
    EXPECT_TRUE(found[3].empty());
  });
}

TEST_F(coalesced_reads, with_other_arguments_do_not_mix) {
  run([](context& ctx) -> task<> {
    constexpr const char* sql = "SELECT id, name || $2 AS name FROM item WHERE id IN (SELECT value FROM json_each($1))";
    std::vector<task<row>> all;
    for (int64_t id = 1; id <= 20; ++id)
      all.push_back(ctx.db().coalesce("id").one(sql, id, id % 2 == 0 ? "!" : "?"));
    const auto found = co_await join_all(std::move(all));
    EXPECT_EQ(found[0].get<std::string>("name"), "item 1?");
    EXPECT_EQ(found[1].get<std::string>("name"), "item 2!");
    EXPECT_EQ(found[19].get<std::string>("name"), "item 20!");
  });
}

TEST_F(coalesced_reads, that_fail_take_no_others_along) {
  run([](context& ctx) -> task<> {
    // SQLite takes no integer that is so small for a number whose sign can be changed.
    constexpr const char* sql = "SELECT value AS id, abs(value) AS name FROM json_each($1)";
    std::vector<task<std::string>> all;
    for (const auto id : {int64_t{-1}, std::numeric_limits<int64_t>::min(), int64_t{-3}})
      all.push_back(outcome(ctx.db().coalesce("id").one(sql, id)));
    const auto found = co_await join_all(std::move(all));
    EXPECT_EQ(found[0], "no error");
    EXPECT_EQ(found[1], "internal: the database refused the statement");
    EXPECT_EQ(found[2], "no error");
  });
}

TEST_F(coalesced_reads, whose_keys_cannot_be_told_apart_go_alone) {
  run([](context& ctx) -> task<> {
    const auto found = co_await ctx.db().coalesce("id").query(item_by_id, nullptr);
    EXPECT_TRUE(found.empty());
    EXPECT_EQ((co_await ctx.db().coalesce("id").one(item_by_id, 7.0)).get<std::string>("name"), "item 7");
  });
}

TEST_F(coalesced_reads, are_refused_without_a_key_or_its_column_and_for_what_changes_rows) {
  run([](context& ctx) -> task<> {
    const auto refused = [&](const char* column, const char* sql) {
      return outcome(ctx.db().coalesce(column).query(sql, 1));
    };
    EXPECT_EQ(co_await outcome(ctx.db().coalesce("id").query("SELECT 1 AS id")),
              "internal: a coalesced statement needs a key, its first argument");
    EXPECT_EQ(co_await refused("key", item_by_id),
              "internal: coalesced by the column \"key\", which the result does not have, or more than once");
    EXPECT_EQ(co_await refused("id", "DELETE FROM item WHERE id IN (SELECT value FROM json_each($1)) RETURNING id"),
              "internal: the database refused the statement");
    EXPECT_EQ((co_await names_of(ctx, {1})).front(), "item 1");
  });
}

TEST_F(coalesced_reads, are_not_mixed_up_where_two_columns_have_the_name_of_the_key) {
  run([](context& ctx) -> task<> {
    constexpr const char* sql = "SELECT a.id, b.id, b.name FROM item AS a JOIN item AS b ON b.id = 7 - a.id "
                                "WHERE b.id IN (SELECT value FROM json_each($1))";
    for (const auto& each : {co_await outcome(ctx.db().coalesce("id").query(sql, 1)),
                             co_await outcome(ctx.db().coalesce("id").query(sql, 6))})
      EXPECT_EQ(each, "internal: coalesced by the column \"id\", which the result does not have, or more than once");
  });
}

TEST_F(coalesced_reads, in_steps_are_those_of_an_ordinary_stream) {
  run([](context& ctx) -> task<> {
    auto found = ctx.db().coalesce("id").stream(item_by_id, std::vector<int64_t>{1, 2, 3}).in_steps_of(2);
    std::size_t count = 0;
    while (const auto some = co_await found.next())
      count += some->size();
    EXPECT_EQ(count, 3u);
    EXPECT_EQ((co_await names_of(ctx, {1})).front(), "item 1");
  });
}

TEST_F(coalesced_reads, whose_key_fails_are_few_statements_all_the_same) {
  constexpr const char* sql = "SELECT value AS id, abs(value) AS name FROM json_each($1)";
  run([&](context& ctx) -> task<> {
    std::vector<task<std::string>> all;
    for (int64_t id = 1; id <= 512; ++id)
      all.push_back(outcome(ctx.db().coalesce("id").one(sql, id == 100 ? std::numeric_limits<int64_t>::min() : id)));
    const auto found = co_await join_all(std::move(all));
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(found[i], i == 99 ? "internal: the database refused the statement" : "no error");
  });
  EXPECT_LE(runs_of(sql), 19u) << "two for each power of two, and the first one";
}

TEST_F(coalesced_reads, that_nobody_waits_for_are_left_out_and_cancelled) {
  run([](context& ctx) -> task<> {
    constexpr const char* endless = "WITH RECURSIVE n(id) AS (SELECT value FROM json_each($1) UNION ALL "
                                    "SELECT id FROM n) SELECT id FROM n WHERE id < 0";
    for (int i = 0; i < 3; ++i) {
      std::vector<task<rows>> all;
      all.push_back(ctx.db().coalesce("id").query(endless, 1));
      all.push_back(ctx.db().coalesce("id").query(endless, 2));
      EXPECT_EQ(co_await outcome(with_timeout(std::chrono::milliseconds{20}, join_all(std::move(all)))),
                "deadline_exceeded: no result within 20 ms");
    }
    EXPECT_EQ((co_await names_of(ctx, {1})).front(), "item 1"); // there are two connections
  });
}

TEST_F(coalesced_reads, that_are_asked_for_meanwhile_go_together_afterwards) {
  run([](context& ctx) -> task<> {
    std::vector<join_handle<std::string>> all;
    for (int64_t id = 1; id <= 100; ++id) {
      all.push_back(ctx.spawn(name_of(ctx, id)));
      co_await yield();
    }
    for (std::size_t i = 0; i < all.size(); ++i)
      EXPECT_EQ(co_await std::move(all[i]), "item " + std::to_string(i + 1));
  });
  EXPECT_LT(runs_of(item_by_id), 100u);
}

} // namespace
} // namespace troupe::test
