// `ctx.db().listen` and `notify`: who hears what, when, and what is refused.
#include "actors/channel.hpp"
#include "tests/storage/rows_fixture.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace troupe::storage::test {
namespace {

using namespace std::chrono_literals;
using troupe::test::outcome;

class a_listener : public on_a_database {
protected:
  void make_items() { connect(database_->settings())->run_script("CREATE TABLE item (id INTEGER PRIMARY KEY)"); }
};

/// The next one's payload; "gap", or "5 missed: payload", or "end".
task<std::string> next_of(listener& from) {
  const auto each = co_await from.next();
  if (!each)
    co_return "end";
  if (each->gap)
    co_return "gap";
  co_return (each->missed > 0 ? std::to_string(each->missed) + " missed: " : "") + each->payload;
}

/// All up to "last", as in "1 2 3".
task<std::string> all_of(listener& from) {
  std::string out;
  for (auto one = co_await next_of(from); one != "last" && one != "end"; one = co_await next_of(from))
    out += (out.empty() ? "" : " ") + one;
  co_return out;
}

// -- who hears ------------------------------------------------------------------------------------------

TEST_F(a_listener, hears_what_is_notified_on_its_channel_after_it_has_begun_in_order) {
  run([](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await db.notify("orders", "early");
    auto one = co_await db.listen("orders");
    auto other = co_await db.listen("other");
    auto two = co_await db.listen("orders");
    for (const auto* each : {"1", "2", "3", "last"})
      co_await db.notify("orders", each);
    co_await db.notify("Orders", "of another name");
    co_await db.notify("other", "last");
    EXPECT_EQ(co_await all_of(one), "1 2 3");
    EXPECT_EQ(co_await all_of(two), "1 2 3");
    EXPECT_EQ(co_await all_of(other), "");
  });
}

TEST_F(a_listener, begins_with_each_of_many_channels_at_once) {
  run([](context& ctx) -> task<> {
    std::vector<task<listener>> all;
    for (int i = 0; i < 50; ++i)
      all.push_back(ctx.db().listen("channel " + std::to_string(i % 25)));
    auto listeners = co_await join_all(std::move(all));
    for (int i = 0; i < 25; ++i)
      co_await ctx.db().notify("channel " + std::to_string(i), std::to_string(i));
    for (int i = 0; i < 50; ++i)
      EXPECT_EQ(co_await next_of(listeners[static_cast<std::size_t>(i)]), std::to_string(i % 25));
  });
}

TEST_F(a_listener, that_is_gone_leaves_the_others_alone_and_the_channel_may_be_listened_to_again) {
  run([](context& ctx) -> task<> {
    for (int i = 0; i < 20; ++i) {
      auto stays = co_await ctx.db().listen("orders");
      {
        auto leaves = co_await ctx.db().listen("orders");
        co_await ctx.db().notify("orders", "both");
        EXPECT_EQ(co_await next_of(leaves), "both");
      }
      co_await ctx.db().notify("orders", "one");
      EXPECT_EQ(co_await next_of(stays), "both");
      EXPECT_EQ(co_await next_of(stays), "one");
    } // from here on nobody listens, until the next one does at once
  });
}

TEST_F(a_listener, may_be_given_up_before_it_has_begun) {
  run([](context& ctx) -> task<> {
    for (int i = 0; i < 50; ++i)
      static_cast<void>(co_await outcome(with_timeout(std::chrono::microseconds{i * 20}, ctx.db().listen("orders"))));
    auto news = co_await ctx.db().listen("orders");
    co_await ctx.db().notify("orders", "1");
    EXPECT_EQ(co_await next_of(news), "1");
  });
}

TEST_F(a_listener, of_another_loop_hears_the_same) {
  troupe::test::loop_bench two{2};
  const auto database = two.own(spawn_database(two.loop(0), database_->settings()));
  const auto here = two.spawn_runner(database);
  const auto there = two.own(troupe::detail::spawn_pinned<troupe::test::runner>(
    two.loop(1), troupe::test::test_node(database)));
  channel<int> begun{1};
  two.send(here, [begun](context& ctx) {
    static_cast<void>(ctx.spawn([begun](context& of) -> task<> {
      static_cast<void>(co_await begun.recv());
      for (int i = 0; i < 100; ++i)
        co_await of.db().transact([i](transaction& tx) -> task<> { co_await tx.notify("orders", std::to_string(i)); });
    }));
  });
  two.run_on(there, [begun](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    co_await begun.send(1);
    for (int i = 0; i < 100; ++i)
      EXPECT_EQ(co_await next_of(news), std::to_string(i));
  });
}

TEST_F(a_listener, has_one_coroutine_that_receives_and_may_give_that_up) {
  run([](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    EXPECT_EQ(co_await outcome(with_timeout(1ms, news.next())), "deadline_exceeded: no result within 1 ms");
    auto first = ctx.spawn([&](context&) -> task<std::string> { co_return co_await next_of(news); });
    EXPECT_EQ(co_await outcome(news.next()),
              "two coroutines receive from one subscription at the same time");
    co_await ctx.db().notify("orders", "1");
    EXPECT_EQ(co_await first, "1");
  });
}

TEST_F(a_listener, that_is_too_slow_misses_the_oldest_and_is_told_how_many) {
  run([](context& ctx) -> task<> {
    auto slow = co_await ctx.db().listen("orders");
    auto quick = co_await ctx.db().listen("orders");
    const auto reader = [&](context&) -> task<std::string> {
      std::string last;
      for (int i = 0; i < 1'030; ++i)
        last = co_await next_of(quick);
      co_return last;
    };
    auto reads = ctx.spawn(reader);
    for (int i = 0; i < 1'030; i += 10)
      co_await ctx.db().transact([i](transaction& tx) -> task<> {
        for (int j = i; j < i + 10; ++j)
          co_await tx.notify("orders", std::to_string(j));
      });
    EXPECT_EQ(co_await reads, "1029");
    EXPECT_EQ(slow.size(), 1'024u);
    EXPECT_EQ(co_await next_of(slow), "6 missed: 6");
    EXPECT_EQ(co_await next_of(slow), "7");
  });
}

TEST_F(a_listener, hears_the_end_when_the_node_ends_after_all_that_was_before) {
  const auto database = bench_.own(spawn_database(bench_.loop(), database_->settings()));
  bench_.run_on(bench_.spawn_runner(database), [database](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    auto idle = co_await ctx.db().listen("idle");
    co_await ctx.db().notify("orders", "1");
    EXPECT_EQ(co_await next_of(news), "1");
    auto waits = ctx.spawn([&](context&) -> task<std::string> { co_return co_await next_of(idle); });
    caf::anon_send_exit(database, caf::exit_reason::user_shutdown);
    EXPECT_EQ(co_await waits, "end");
    EXPECT_EQ(co_await next_of(news), "end");
    EXPECT_EQ(co_await next_of(news), "end");
  });
}

// -- within transactions -------------------------------------------------------------------------------

TEST_F(a_listener, hears_of_a_transaction_at_its_commit_and_not_before) {
  make_items();
  run_with(2, [](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    co_await ctx.db().transact([&](transaction& tx) -> task<> {
      co_await tx.notify("orders", "1");
      co_await tx.exec("INSERT INTO item VALUES (1)");
      co_await tx.notify("orders", "2");
      co_await ctx.db().notify("orders", "outside");
      EXPECT_EQ(co_await next_of(news), "outside");
      EXPECT_EQ(news.size(), 0u);
    });
    EXPECT_EQ(co_await next_of(news), "1");
    EXPECT_EQ(co_await item_ids(ctx), "1"); // it is there when it is told
    EXPECT_EQ(co_await next_of(news), "2");
  });
}

TEST_F(a_listener, hears_nothing_of_what_is_rolled_back) {
  make_items();
  run([](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    const auto failed = co_await outcome(ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.notify("orders", "of a failure");
      throw std::runtime_error{"no"};
    }));
    EXPECT_EQ(failed, "no");
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.notify("orders", "1");
      static_cast<void>(co_await outcome(tx.nested([](transaction& inner) -> task<> {
        co_await inner.notify("orders", "of a nested failure");
        co_await inner.nested([](transaction& innermost) -> task<> {
          co_await innermost.notify("orders", "within a nested failure");
        });
        throw std::runtime_error{"no"};
      })));
      co_await tx.nested([](transaction& inner) -> task<> { co_await inner.notify("orders", "2"); });
      co_await tx.notify("orders", "last");
    });
    EXPECT_EQ(co_await all_of(news), "1 2");
  });
}

TEST_F(a_listener, hears_of_each_transaction_if_and_only_if_it_was_committed_wherever_it_was_given_up) {
  make_items();
  run([](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    for (int i = 0; i < 200; ++i)
      static_cast<void>(co_await outcome(with_timeout(
        std::chrono::microseconds{i * 15}, ctx.db().transact([i](transaction& tx) -> task<> {
          co_await tx.notify("orders", std::to_string(i));
          co_await tx.exec("INSERT INTO item VALUES ($1)", i);
        }))));
    co_await ctx.db().transact([](transaction& tx) -> task<> { // on the connection of those before, which are over
      co_await tx.notify("orders", "last");
    });
    EXPECT_EQ(co_await all_of(news), co_await item_ids(ctx));
  });
}

TEST_F(a_listener, hears_the_same_payload_once_from_a_transaction_and_again_from_the_next) {
  run([](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    for (int i = 0; i < 2; ++i)
      co_await ctx.db().transact([](transaction& tx) -> task<> {
        for (const auto* each : {"a", "b", "a"})
          co_await tx.notify("orders", each);
        co_await tx.nested([](transaction& inner) -> task<> { co_await inner.notify("orders", "b"); });
      });
    co_await ctx.db().notify("orders", "a");
    co_await ctx.db().notify("orders", "a");
    co_await ctx.db().notify("orders", "last");
    EXPECT_EQ(co_await all_of(news), "a b a b a a");
  });
}

TEST_F(a_listener, hears_of_a_transaction_that_only_reads) {
  run([](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    co_await ctx.db().transact({.read_only = true}, [](transaction& tx) -> task<> {
      static_cast<void>(co_await tx.query("SELECT 1"));
      co_await tx.notify("orders", "1");
    });
    EXPECT_EQ(co_await next_of(news), "1");
  });
}

// -- names and payloads --------------------------------------------------------------------------------

const std::vector<std::string> hostile_names{
  "Orders",
  "a\"b",
  "\"",
  "'; DROP TABLE item; --",
  "SELECT",
  "a b\tc\nd",
  "back\\slash",
  "{1,\"2\",NULL}",
  "NULL",
  "$1",
  "*",
  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98",
  "\x01\x7f",
  std::string(63, 'x'),
  std::string(31, 'y') + std::string(16, 'z') + "\xf0\x9f\x90\x98\xf0\x9f\x90\x98\xf0\x9f\x90\x98\xf0\x9f\x90\x98",
};

TEST_F(a_listener, takes_names_and_payloads_as_they_are) {
  make_items();
  run([](context& ctx) -> task<> {
    std::vector<listener> all;
    for (const auto& name : hostile_names)
      all.push_back(co_await ctx.db().listen(name));
    auto payloads = hostile_names;
    payloads.emplace_back("");
    payloads.emplace_back(7'999, 'p');
    std::string smileys;
    while (smileys.size() + 4 <= longest_payload)
      smileys += "\xf0\x9f\x90\x98";
    payloads.push_back(smileys);
    for (const auto& name : hostile_names)
      for (const auto& payload : payloads)
        co_await ctx.db().notify(name, payload);
    co_await ctx.db().transact([&](transaction& tx) -> task<> {
      for (const auto& name : hostile_names)
        for (const auto& payload : payloads)
          co_await tx.notify(name, payload);
    });
    for (std::size_t i = 0; i < all.size(); ++i)
      for (int twice = 0; twice < 2; ++twice)
        for (const auto& payload : payloads)
          EXPECT_EQ(co_await next_of(all[i]), payload) << "on " << hostile_names[i];
    EXPECT_EQ(co_await item_ids(ctx), "");
  });
}

TEST_F(a_listener, has_a_channel_whose_name_is_refused_where_it_is_not_one) {
  run([](context& ctx) -> task<> {
    auto db = ctx.db();
    const std::vector<std::pair<std::string, std::string>> wrong{
      {"", "is empty"},
      {std::string(64, 'x'), "has 64 bytes, 63 are the most"},
      {std::string(60, 'x') + "\xf0\x9f\x90\x98", "has 64 bytes, 63 are the most"},
      {std::string{"a\0b", 3}, "holds a NUL character"},
      {"a\xc3", "is not valid UTF-8"},
      {"\xed\xa0\x80", "is not valid UTF-8"},
    };
    for (const auto& [name, why] : wrong) {
      const auto said = "invalid_argument: the name of a channel " + why;
      EXPECT_EQ(co_await outcome(db.listen(name)), said);
      EXPECT_EQ(co_await outcome(db.notify(name, "x")), said);
      co_await db.transact([&](transaction& tx) -> task<> {
        EXPECT_EQ(co_await outcome(tx.notify(name, "x")), said);
        static_cast<void>(co_await tx.query("SELECT 1")); // the transaction is as before
      });
    }
  });
}

TEST_F(a_listener, does_not_hear_of_payloads_that_are_refused) {
  run([](context& ctx) -> task<> {
    auto db = ctx.db();
    auto news = co_await db.listen("orders");
    const std::vector<std::pair<std::string, std::string>> wrong{
      {std::string(8'000, 'x'), "has 8000 bytes, 7999 are the most"},
      {std::string(1'000'000, 'x'), "has 1000000 bytes, 7999 are the most"},
      {std::string{"\0", 1}, "holds a NUL character"},
      {"a\xff", "is not valid UTF-8"},
    };
    for (const auto& [payload, why] : wrong) {
      const auto said = "invalid_argument: what is notified on channel \"orders\" " + why;
      EXPECT_EQ(co_await outcome(db.notify("orders", payload)), said);
      co_await db.transact([&](transaction& tx) -> task<> {
        EXPECT_EQ(co_await outcome(tx.notify("orders", payload)), said);
      });
    }
    co_await db.notify("orders", "last");
    EXPECT_EQ(co_await all_of(news), "");
  });
}

TEST_F(a_listener, is_refused_where_the_node_has_no_database) {
  bench_.run([](context& ctx) -> task<> {
    EXPECT_EQ(co_await outcome(ctx.db().listen("orders")), "internal: the node has no database");
    EXPECT_EQ(co_await outcome(ctx.db().notify("orders")), "internal: the node has no database");
  });
}

} // namespace
} // namespace troupe::storage::test
