// What only PostgreSQL has of channels: a session that listens, is lost and comes back, and other nodes.
#include "tests/storage/rows_fixture.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::storage::test {
namespace {

using namespace std::chrono_literals;
using troupe::test::outcome;
using troupe::test::scaled;

class listening_pgtest : public on_a_database {
protected:
  /// A node of its own, to be run on.
  caf::actor node(const config::storage_settings& settings) {
    return bench_.spawn_runner(bench_.own(spawn_database(bench_.loop(), settings)));
  }

  /// Those whose last statement was about a channel.
  static constexpr auto sessions = "FROM pg_stat_activity WHERE datname = current_database() "
                                   "AND query ~ '^(SET idle_session_timeout = 0; )?(UN)?LISTEN '";
};

/// The next one's payload, or "gap", or "end".
task<std::string> heard_by(listener& from) {
  const auto each = co_await from.next();
  EXPECT_EQ(each ? each->missed : 0, 0u);
  co_return !each ? "end" : each->gap ? "gap" : each->payload;
}

/// Asks until `sql` gives that.
task<> wait_until(context& ctx, std::string sql, std::string wanted) {
  for (;;) {
    const auto found = co_await ctx.db().one(sql);
    if (found.get<std::string>("n") == wanted)
      co_return;
    co_await ctx.sleep(2ms);
  }
}

TEST_F(listening_pgtest, tells_all_listeners_of_the_gap_when_the_session_was_lost_and_goes_on) {
  run([](context& ctx) -> task<> {
    auto one = co_await ctx.db().listen("orders");
    auto two = co_await ctx.db().listen("orders");
    auto other = co_await ctx.db().listen("other");
    for (int i = 0; i < 5; ++i) {
      co_await ctx.db().notify("orders", "before");
      EXPECT_EQ(co_await heard_by(one), "before");
      EXPECT_EQ(co_await heard_by(two), "before");
      co_await ctx.db().query(std::string{"SELECT pg_terminate_backend(pid) "} + sessions);
      EXPECT_EQ(co_await heard_by(one), "gap");
      EXPECT_EQ(co_await heard_by(two), "gap");
      EXPECT_EQ(co_await heard_by(other), "gap");
      co_await ctx.db().notify("orders", "after"); // certainly heard, as the gap has been told
      EXPECT_EQ(co_await heard_by(one), "after");
      EXPECT_EQ(co_await heard_by(two), "after");
    }
  });
}

TEST_F(listening_pgtest, begins_to_listen_although_the_session_is_lost_meanwhile) {
  run_with(2, [](context& ctx) -> task<> {
    std::vector<task<listener>> all;
    for (int i = 0; i < 100; ++i)
      all.push_back(ctx.db().listen("channel " + std::to_string(i)));
    auto cuts = ctx.spawn([](context& of) -> task<> {
      for (int i = 0; i < 3; ++i)
        co_await of.db().query(std::string{"SELECT pg_terminate_backend(pid) "} + sessions);
    });
    auto listeners = co_await join_all(std::move(all));
    co_await cuts;
    for (int i = 0; i < 100; ++i) {
      auto& each = listeners[static_cast<std::size_t>(i)];
      co_await ctx.db().notify("channel " + std::to_string(i), "lost, perhaps");
      EXPECT_NE(co_await heard_by(each), "end"); // that, or a gap
    }
  });
}

TEST_F(listening_pgtest, uses_one_session_for_all_and_none_of_the_pool) {
  run([](context& ctx) -> task<> {
    std::vector<listener> all;
    for (int i = 0; i < 20; ++i)
      all.push_back(co_await ctx.db().listen("channel " + std::to_string(i % 10)));
    const auto found = co_await ctx.db().one(std::string{"SELECT count(*) AS n "} + sessions); // on the only connection
    EXPECT_EQ(found.get<int>("n"), 1);
  });
}

TEST_F(listening_pgtest, stops_to_listen_when_the_last_one_has_left) {
  run([](context& ctx) -> task<> {
    auto stays = co_await ctx.db().listen("stays");
    std::optional<listener> one{co_await ctx.db().listen("leaves")};
    std::optional<listener> two{co_await ctx.db().listen("leaves")};
    const auto said = std::string{"SELECT max(query) AS n "} + sessions;
    one.reset();
    co_await ctx.db().notify("stays", "1");
    EXPECT_EQ(co_await heard_by(stays), "1");
    EXPECT_EQ((co_await ctx.db().one(said)).get<std::string>("n"), "LISTEN \"leaves\"");
    two.reset();
    co_await wait_until(ctx, said, "UNLISTEN \"leaves\"");
  });
}

TEST_F(listening_pgtest, closes_the_session_when_nobody_has_listened_for_the_idle_timeout_and_opens_another) {
  auto settings = database_->settings();
  settings.idle_timeout = 20ms;
  bench_.run_on(node(settings), [](context& ctx) -> task<> {
    for (int i = 0; i < 3; ++i) {
      {
        auto news = co_await ctx.db().listen("orders");
        co_await ctx.db().notify("orders", "1");
        EXPECT_EQ(co_await heard_by(news), "1");
      }
      co_await wait_until(ctx, std::string{"SELECT count(*)::text AS n "} + sessions, "0");
    }
  });
}

TEST_F(listening_pgtest, hears_what_other_nodes_and_other_programs_notify) {
  const auto other = node(database_->settings());
  run([&](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("Orders \"1\"");
    connect(database_->settings())->execute({"NOTIFY \"Orders \"\"1\"\"\", 'from psql'", {}});
    EXPECT_EQ(co_await heard_by(news), "from psql");
    bench_.send(other, [](context& there) {
      static_cast<void>(there.spawn([](context& of) -> task<> {
        co_await of.db().notify("Orders \"1\"", "from there");
      }));
    });
    EXPECT_EQ(co_await heard_by(news), "from there");
  });
}

TEST_F(listening_pgtest, hears_nothing_of_a_transaction_that_had_failed) {
  run([](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    const auto ended = co_await outcome(ctx.db().transact([](transaction& tx) -> task<> {
      co_await tx.notify("orders", "of a failure");
      static_cast<void>(co_await outcome(tx.query("SELECT nothing FROM nowhere")));
    }));
    EXPECT_EQ(ended, "conflict: the transaction had failed and was rolled back");
    co_await ctx.db().notify("orders", "1");
    EXPECT_EQ(co_await heard_by(news), "1");
  });
}

TEST_F(listening_pgtest, takes_many_more_bytes_than_a_socket_holds) {
  run([](context& ctx) -> task<> {
    constexpr int count = 600;
    auto news = co_await ctx.db().listen("orders");
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      for (int i = 0; i < count; ++i)
        co_await tx.notify("orders", std::to_string(i) + std::string(7'000, 'x'));
    });
    for (int i = 0; i < count; ++i)
      EXPECT_EQ(co_await heard_by(news), std::to_string(i) + std::string(7'000, 'x'));
  });
}

// -- without a server ------------------------------------------------------------------------------------

TEST_F(listening_pgtest, refuses_in_time_when_the_server_cannot_be_reached) {
  auto settings = database_->unreachable();
  settings.acquire_timeout = 50ms;
  bench_.run_on(node(settings), [](context& ctx) -> task<> {
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(co_await outcome(ctx.db().listen("orders")),
                "unavailable: the database did not answer within 50 ms");
  });
}

TEST_F(listening_pgtest, refuses_a_name_that_the_server_cannot_have_and_goes_on_with_others) {
  troupe::test::postgres_cluster latin;
  config::storage_settings settings;
  settings.url = latin.url();
  connect(settings)->execute(
    {"CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0", {}});
  settings.url.replace(settings.url.rfind('/'), std::string::npos, "/latin");
  bench_.run_on(node(settings), [](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("\xc3\xa4");
    const auto refused = co_await outcome(ctx.db().listen("\xe2\x82\xac"));
    EXPECT_EQ(refused, "unprocessable: a value does not fit its column");
    co_await ctx.db().notify("\xc3\xa4", "\xc3\xb6");
    EXPECT_EQ(co_await heard_by(news), "\xc3\xb6");
  });
}

TEST_F(listening_pgtest, listens_again_when_the_server_is_back) {
  troupe::test::postgres_cluster cluster;
  config::storage_settings settings;
  settings.url = cluster.url();
  settings.acquire_timeout = scaled(10s);
  const auto at = node(settings);
  std::optional<listener> news;
  bench_.run_on(at, [&](context& ctx) -> task<> { news.emplace(co_await ctx.db().listen("orders")); });
  cluster.stop();
  cluster.start();
  bench_.run_on(at, [&](context& ctx) -> task<> {
    EXPECT_EQ(co_await heard_by(*news), "gap");
    co_await ctx.db().notify("orders", "1");
    EXPECT_EQ(co_await heard_by(*news), "1");
    news.reset();
  });
}

TEST_F(listening_pgtest, gives_a_session_up_whose_server_does_not_answer) {
  troupe::test::postgres_cluster cluster;
  config::storage_settings settings;
  settings.url = cluster.url();
  settings.connect_timeout = scaled(200ms);
  settings.acquire_timeout = scaled(10s);
  pid_t held_up = 0;
  bench_.run_on(node(settings), [&](context& ctx) -> task<> {
    auto news = co_await ctx.db().listen("orders");
    const auto found = co_await ctx.db().one(std::string{"SELECT pid "} + sessions);
    held_up = found.get<int>("pid");
    EXPECT_EQ(kill(held_up, SIGSTOP), 0);
    auto late = co_await ctx.db().listen("late");
    EXPECT_EQ(co_await heard_by(news), "gap");
    co_await ctx.db().notify("late", "1");
    EXPECT_EQ(co_await heard_by(late), "1");
  });
  kill(held_up, SIGCONT); // it finds its client gone
}

} // namespace
} // namespace troupe::storage::test
