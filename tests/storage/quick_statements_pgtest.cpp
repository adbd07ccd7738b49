// Quick statements of coroutines, on the loop that runs them: they go past mailboxes, there and back.
#include "actors/combine.hpp"
#include "tests/storage/rows_fixture.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::storage::test {
namespace {

using std::int64_t;
using namespace std::chrono_literals;

class quick_statements_pgtest : public on_a_database {
protected:
  static constexpr int64_t callers = 32;
  static constexpr int64_t rounds = 100;

  /// So many coroutines at once; each gets its number.
  template <class F>
  void run_many(F work) {
    run([work](context& ctx) -> task<> {
      std::vector<task<>> all;
      for (int64_t i = 0; i < callers; ++i)
        all.push_back(work(ctx, i));
      co_await join_all(std::move(all));
    });
  }
};

task<> read_own_numbers(context& ctx, int64_t caller, int64_t rounds) {
  for (int64_t i = 0; i < rounds; ++i) {
    const auto mine = caller * 1000 + i;
    EXPECT_EQ((co_await ctx.db().one("SELECT CAST($1 AS BIGINT) AS n", mine)).get<int64_t>("n"), mine);
  }
}

task<> read_coalesced(context& ctx, int64_t caller, int64_t rounds) {
  for (int64_t i = 0; i < rounds; ++i) {
    const auto id = 1 + (caller * 7 + i) % 100;
    const auto found = co_await ctx.db().coalesce("id").one("SELECT id, v FROM t WHERE id = ANY($1)", id);
    EXPECT_EQ(found.get<int64_t>("id"), id);
    EXPECT_EQ(found.get<int64_t>("v"), id * id);
  }
}

task<> divide(context& ctx, int64_t caller, int64_t rounds) {
  for (int64_t i = 0; i < rounds; ++i) {
    const auto by = (caller + i) % 5;
    std::string out;
    try {
      out = std::to_string((co_await ctx.db().one("SELECT 60 / CAST($1 AS BIGINT) AS n", by)).get<int64_t>("n"));
    } catch (const error& e) {
      out = to_string(e.code());
    }
    EXPECT_EQ(out, by == 0 ? "internal" : std::to_string(60 / by));
  }
}

/// Gives most of them up at different times.
task<> give_up(context& ctx, int64_t caller, int64_t rounds) {
  for (int64_t i = 0; i < rounds; ++i)
    try {
      const auto found = co_await with_timeout(
        std::chrono::microseconds{(caller * 37 + i * 11) % 400},
        ctx.db().one("SELECT CAST($1 AS BIGINT) AS n", i));
      EXPECT_EQ(found.get<int64_t>("n"), i);
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::deadline_exceeded);
    }
}

TEST_F(quick_statements_pgtest, give_each_coroutine_its_own_answer) {
  run_many([](context& ctx, int64_t i) { return read_own_numbers(ctx, i, rounds); });
}

TEST_F(quick_statements_pgtest, are_coalesced) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().exec("CREATE TABLE t (id BIGINT, v BIGINT)");
    co_await ctx.db().exec("INSERT INTO t SELECT i, i * i FROM generate_series(1, 100) AS i");
  });
  run_many([](context& ctx, int64_t i) { return read_coalesced(ctx, i, rounds); });
}

TEST_F(quick_statements_pgtest, fail_for_who_asked_alone) {
  run_many([](context& ctx, int64_t i) { return divide(ctx, i, rounds); });
}

TEST_F(quick_statements_pgtest, may_be_given_up_at_any_time) {
  run_many([](context& ctx, int64_t i) { return give_up(ctx, i, rounds); });
  run_many([](context& ctx, int64_t i) { return read_own_numbers(ctx, i, 5); });
}

} // namespace
} // namespace troupe::storage::test
