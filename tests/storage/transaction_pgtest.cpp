// Transactions that get in each other's way on PostgreSQL, and one whose end is not known.
#include "actors/channel.hpp"
#include "tests/storage/rows_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::storage::test {
namespace {

using namespace std::chrono_literals;
using troupe::test::outcome;
using troupe::test::scaled;

constexpr const char* lost_race = "serialization_failure: a transaction at the same time got in the way";

class transaction_pgtest : public on_a_database {
protected:
  transaction_pgtest() {
    connect(database_->settings())->run_script("CREATE TABLE account (id INTEGER PRIMARY KEY, sum INTEGER);"
                                               "INSERT INTO account VALUES (1, 10), (2, 10)");
  }
};

task<> take_from(statements& on, int id) {
  co_await on.exec("UPDATE account SET sum = sum - 1 WHERE id = $1", id);
}

task<int> sum_of(statements& on) {
  const auto all = co_await on.one("SELECT sum(sum)::int AS n FROM account");
  co_return all.get<int>("n");
}

/// Where two transactions wait for each other, in their first attempts.
struct meeting {
  channel<int> first{1};
  channel<int> second{1};
  int runs = 0; // of both

  task<> meet(int id) {
    co_await (id == 1 ? first : second).send(1);
    co_await (id == 1 ? second : first).recv();
  }
};

/// Both run `work(tx, id, meeting)`; gives how often it was begun.
template <class F>
task<int> run_both(context& ctx, transaction_options how, F work) {
  const auto at = std::make_shared<meeting>();
  std::vector<join_handle<void>> both;
  for (const int id : {1, 2})
    both.push_back(ctx.spawn([how, work, at, id](context& c) -> task<> {
      bool first_time = true;
      co_await c.db().transact(how, [&](transaction& tx) -> task<> {
        ++at->runs;
        co_await work(tx, id, std::exchange(first_time, false) ? at.get() : nullptr);
      });
    }));
  co_await join_all(std::move(both));
  co_return at->runs;
}

TEST_F(transaction_pgtest, of_two_that_cannot_have_run_one_after_the_other_one_is_begun_anew) {
  run_with(2, [](context& ctx) -> task<> {
    // Each may take from its account what both have; together they would take too much.
    const auto work = [](transaction& tx, int id, meeting* at) -> task<> {
      const auto sum = co_await sum_of(tx);
      if (at != nullptr)
        co_await at->meet(id);
      if (sum == 20)
        co_await take_from(tx, id);
    };
    const transaction_options how{.level = isolation::serializable, .attempts = 5};
    EXPECT_EQ(co_await run_both(ctx, how, work), 3);
    auto db = ctx.db();
    EXPECT_EQ(co_await sum_of(db), 19);
  });
}

TEST_F(transaction_pgtest, a_deadlock_is_resolved_by_a_further_attempt_of_one) {
  run_with(2, [](context& ctx) -> task<> {
    const auto work = [](transaction& tx, int id, meeting* at) -> task<> {
      co_await tx.exec("SET LOCAL deadlock_timeout = '20ms'");
      co_await take_from(tx, id);
      if (at != nullptr)
        co_await at->meet(id);
      co_await take_from(tx, 3 - id);
    };
    // The further attempt may be so quick that it comes before the other one, which waits for its row again.
    EXPECT_GE(co_await run_both(ctx, {.attempts = 100}, work), 3);
    auto db = ctx.db();
    EXPECT_EQ(co_await sum_of(db), 16);
  });
}

/// Reads, has another connection change what it read, and wants to change it, too: refused. `losses` times.
task<> lose(context& ctx, transaction& tx, int& losses) {
  co_await sum_of(tx);
  if (losses > 0) {
    --losses;
    auto db = ctx.db();
    co_await take_from(db, 1);
  }
  co_await take_from(tx, 1);
}

TEST_F(transaction_pgtest, gets_through_once_nobody_is_in_its_way) {
  run_with(2, [](context& ctx) -> task<> {
    int losses = 2;
    const transaction_options how{.level = isolation::repeatable_read, .attempts = 3};
    co_await ctx.db().transact(how, [&](transaction& tx) -> task<> { co_await lose(ctx, tx, losses); });
    auto db = ctx.db();
    EXPECT_EQ(co_await sum_of(db), 17);
  });
}

TEST_F(transaction_pgtest, says_that_it_lost_when_its_attempts_are_used_up) {
  run_with(2, [](context& ctx) -> task<> {
    for (const unsigned attempts : {1u, 3u}) {
      int losses = 10;
      const transaction_options how{.level = isolation::repeatable_read, .attempts = attempts};
      const auto failed = co_await outcome(ctx.db().transact(
        how, [&](transaction& tx) -> task<> { co_await lose(ctx, tx, losses); }));
      EXPECT_EQ(failed, lost_race);
      EXPECT_EQ(10u - static_cast<unsigned>(losses), attempts);
    }
    // A savepoint does not help: what the transaction sees stays what it was.
    int losses = 10;
    const transaction_options how{.level = isolation::repeatable_read, .attempts = 2};
    const auto failed = co_await outcome(ctx.db().transact(how, [&](transaction& tx) -> task<> {
      co_await tx.nested([&](transaction& inner) -> task<> { co_await lose(ctx, inner, losses); });
    }));
    EXPECT_EQ(failed, lost_race);
    EXPECT_EQ(losses, 8);
  });
}

TEST_F(transaction_pgtest, sees_on_the_usual_level_what_others_commit_meanwhile) {
  run_with(2, [](context& ctx) -> task<> {
    const transaction_options how{.level = isolation::read_committed, .read_only = true};
    const auto seen = co_await ctx.db().transact(how, [&](transaction& tx) -> task<int> {
      EXPECT_EQ(co_await sum_of(tx), 20);
      auto db = ctx.db();
      co_await take_from(db, 1);
      co_return co_await sum_of(tx);
    });
    EXPECT_EQ(seen, 19);
  });
}

TEST_F(transaction_pgtest, is_not_repeated_when_its_connection_is_lost_during_the_commit) {
  connect(database_->settings())->run_script(
    "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS "
    "  $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
    "CREATE CONSTRAINT TRIGGER at_the_end AFTER UPDATE ON account DEFERRABLE INITIALLY DEFERRED"
    "  FOR EACH ROW EXECUTE FUNCTION end_session()");
  run_with(1, [](context& ctx) -> task<> {
    int runs = 0;
    bool changed = false;
    const auto failed = co_await outcome(ctx.db().transact({.attempts = 5}, [&](transaction& tx) -> task<> {
      ++runs;
      co_await take_from(tx, 1);
      changed = true;
    }));
    EXPECT_EQ(failed, "outcome_unknown: the database was lost under the statement: whether it took effect is not known");
    EXPECT_TRUE(changed) << "it was the commit that failed";
    EXPECT_EQ(runs, 1);
    auto db = ctx.db();
    EXPECT_EQ(co_await sum_of(db), 20); // and there is a connection
  });
}

TEST_F(transaction_pgtest, tells_a_change_that_was_not_to_be_from_a_server_that_takes_none) {
  const auto work = [](context& ctx) -> task<> {
    const auto change = [](transaction& tx) -> task<> { co_await take_from(tx, 1); };
    auto db = ctx.db();
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(co_await outcome(db.transact({.read_only = true}, change)),
                "internal: the transaction is read only");
      EXPECT_EQ(co_await outcome(db.transact(change)), "unavailable: the database is not available");
      EXPECT_EQ(co_await outcome(take_from(db, 1)), "unavailable: the database is not available");
    }
  };
  run_with(1, work, "%20-cdefault_transaction_read_only%3Don"); // as a standby
}

} // namespace
} // namespace troupe::storage::test
