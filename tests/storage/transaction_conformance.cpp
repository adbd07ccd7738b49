// `ctx.db().transact` on a real database: levels, savepoints, further attempts, and whose the connection is then.
#include "actors/channel.hpp"
#include "tests/storage/rows_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::storage::test {
namespace {

using namespace std::chrono_literals;
using troupe::test::end_flag;
using troupe::test::outcome;
using troupe::test::scaled;

class a_transaction : public on_a_database {
protected:
  a_transaction() {
    connect(database_->settings())
      ->run_script("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  }
};

task<> add(statements& on, int id, std::string name) {
  co_await on.exec("INSERT INTO item VALUES ($1, $2)", id, name);
}

TEST_F(a_transaction, is_committed_on_every_level_and_gives_what_its_work_gives) {
  run([](context& ctx) -> task<> {
    int id = 0;
    for (const auto level :
         {isolation::read_committed, isolation::repeatable_read, isolation::serializable}) {
      const auto made = co_await ctx.db().transaction(level, [&](auto& tx) -> task<int> {
        ++id;
        co_await add(tx, id, std::to_string(id));
        co_return id;
      });
      EXPECT_EQ(made, id);
      co_await ctx.db().transaction({.level = level}, [&](transaction& tx) -> task<> {
        ++id;
        co_await add(tx, id, std::to_string(id));
      });
    }
    EXPECT_EQ(co_await item_ids(ctx), "1 2 3 4 5 6");
  });
}

TEST_F(a_transaction, is_rolled_back_when_its_time_is_over) {
  run([](context& ctx) -> task<> {
    auto stuck = ctx.db().transact({.attempts = 5}, [](transaction& tx) -> task<> {
      co_await add(tx, 1, "one");
      co_await channel<int>{1}.recv();
    });
    const auto ended = co_await outcome(with_timeout(50ms, std::move(stuck)));
    EXPECT_EQ(ended, "deadline_exceeded: no result within 50 ms");
    EXPECT_EQ(co_await item_ids(ctx), "");
  });
}

TEST_F(a_transaction, on_one_level_sees_what_is_committed_meanwhile_and_on_the_next_does_not) {
  run_with(2, [](context& ctx) -> task<> {
    const transaction_options how{.level = isolation::repeatable_read, .read_only = true};
    const auto seen = co_await ctx.db().transact(how, [&](transaction& tx) -> task<std::string> {
      const auto count = [&]() -> task<std::string> {
        const auto found = co_await tx.one("SELECT count(*) AS n FROM item");
        co_return std::to_string(found.get<int>("n"));
      };
      auto before = co_await count();
      auto db = ctx.db();
      co_await add(db, 1, "one"); // on SQLite, too, it does not wait for those that only read
      co_return before + ' ' + co_await count();
    });
    EXPECT_EQ(seen, "0 0");
    EXPECT_EQ(co_await item_ids(ctx), "1");
  });
}

TEST_F(a_transaction, none_of_whose_changes_are_lost_beside_others_of_its_kind) {
  run_with(4, [](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await add(db, 0, "0");
    std::vector<join_handle<void>> all;
    for (int i = 0; i < 10; ++i)
      all.push_back(ctx.spawn([](context& c) -> task<> {
        co_await c.db().transact({.level = isolation::serializable, .attempts = 100},
                                 [](transaction& tx) -> task<> {
          const auto now = co_await tx.one("SELECT name FROM item WHERE id = 0");
          co_await tx.exec("UPDATE item SET name = $1 WHERE id = 0",
                           std::to_string(std::stoi(now.get<std::string>("name")) + 1));
        });
      }));
    co_await join_all(std::move(all));
    const auto sum = co_await ctx.db().one("SELECT name FROM item");
    EXPECT_EQ(sum.get<std::string>("name"), "10");
  });
}

// -- read only -----------------------------------------------------------------------------------------

TEST_F(a_transaction, that_is_read_only_refuses_changes_and_leaves_no_trace_in_its_connection) {
  run([](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await add(db, 1, "one");
    for (const auto how : {transaction_options{.read_only = true},
                           transaction_options{.level = isolation::serializable, .read_only = true}}) {
      const auto read = co_await ctx.db().transact(how, [](transaction& tx) -> task<int> {
        const auto found = co_await tx.one("SELECT count(*) AS n FROM item");
        co_return found.get<int>("n");
      });
      EXPECT_EQ(read, 1);
      const auto refused = co_await outcome(ctx.db().transact(how, [](transaction& tx) -> task<> {
        co_await tx.exec("DELETE FROM item");
      }));
      EXPECT_EQ(refused, "internal: the transaction is read only");
      const auto nested = co_await outcome(ctx.db().transact(how, [](transaction& tx) -> task<> {
        co_await tx.nested([](transaction& inner) -> task<> { co_await add(inner, 2, "two"); });
      }));
      EXPECT_EQ(nested, "internal: the transaction is read only");
    }
    co_await add(db, 2, "two");
    co_await ctx.db().transact([](transaction& tx) -> task<> { co_await add(tx, 3, "three"); });
    EXPECT_EQ(co_await item_ids(ctx), "1 2 3");
  });
}

// -- savepoints ----------------------------------------------------------------------------------------

TEST_F(a_transaction, keeps_what_a_nested_one_did_when_it_is_committed_itself) {
  run([](context& ctx) -> task<> {
    const auto work = [](bool throws) {
      return [throws](transaction& tx) -> task<int> {
        co_await add(tx, 1, "one");
        const auto n = co_await tx.nested([](transaction& inner) -> task<int> {
          co_await add(inner, 2, "two");
          co_return 2;
        });
        if (throws)
          throw std::runtime_error{"changed my mind"};
        co_return n;
      };
    };
    EXPECT_EQ(co_await outcome(ctx.db().transact(work(true))), "changed my mind");
    EXPECT_EQ(co_await item_ids(ctx), "");
    EXPECT_EQ(co_await ctx.db().transact(work(false)), 2);
    EXPECT_EQ(co_await item_ids(ctx), "1 2");
  });
}

TEST_F(a_transaction, goes_on_after_a_nested_one_that_failed) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await add(tx, 1, "one");
      for (int i = 0; i < 3; ++i) {
        const auto failed = co_await outcome(tx.nested([](transaction& inner) -> task<> {
          co_await add(inner, 2, "two");
          co_await add(inner, 3, "one"); // there is one
        }));
        EXPECT_TRUE(failed.starts_with("conflict: ")) << failed;
      }
      co_await add(tx, 4, "two");
    });
    EXPECT_EQ(co_await item_ids(ctx), "1 4");
  });
}

TEST_F(a_transaction, is_rolled_back_by_an_exception_out_of_a_nested_one) {
  run([](context& ctx) -> task<> {
    const auto failed = co_await outcome(ctx.db().transact([](transaction& tx) -> task<> {
      co_await add(tx, 1, "one");
      co_await tx.nested([](transaction&) -> task<> { throw std::runtime_error{"no"}; });
    }));
    EXPECT_EQ(failed, "no");
    EXPECT_EQ(co_await item_ids(ctx), "");
  });
}

TEST_F(a_transaction, nests_as_deep_as_is_wanted) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await add(tx, 1, "one");
      const auto middle = co_await outcome(tx.nested([](transaction& second) -> task<> {
        co_await add(second, 2, "two");
        co_await second.nested([](transaction& third) -> task<> { co_await add(third, 3, "three"); });
        throw std::runtime_error{"the middle fails"};
      }));
      EXPECT_EQ(middle, "the middle fails");
      co_await tx.nested([](transaction& second) -> task<> {
        co_await add(second, 4, "four");
        const auto inner = co_await outcome(second.nested([](transaction& third) -> task<> {
          co_await add(third, 5, "one"); // there is one
        }));
        EXPECT_TRUE(inner.starts_with("conflict: ")) << inner;
        co_await add(second, 6, "six");
      });
    });
    EXPECT_EQ(co_await item_ids(ctx), "1 4 6");
  });
}

TEST_F(a_transaction, is_not_committed_when_a_nested_one_was_given_up) {
  run([](context& ctx) -> task<> {
    const auto failed = co_await outcome(ctx.db().transact([](transaction& tx) -> task<> {
      co_await add(tx, 1, "one");
      channel<int> begun{1};
      end_flag ends;
      auto stuck = tx.nested([begun](transaction& inner) -> task<> {
        co_await add(inner, 2, "two");
        begun.try_send(1);
        co_await channel<int>{1}.recv();
      });
      stuck.start(ends);
      co_await begun.recv();
      stuck.reset();
      EXPECT_EQ(co_await outcome(tx.nested([](transaction&) -> task<> { co_return; })),
                "conflict: a part of the transaction was given up, so that all of it is rolled back");
    }));
    EXPECT_EQ(failed, "conflict: a part of the transaction was given up, so that all of it is rolled back");
    EXPECT_EQ(co_await item_ids(ctx), "");
  });
}

TEST_F(a_transaction, is_committed_when_what_was_given_up_was_inside_of_a_nested_one_that_failed) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await add(tx, 1, "one");
      const auto failed = co_await outcome(tx.nested([](transaction& middle) -> task<> {
        channel<int> begun{1};
        end_flag ends;
        auto stuck = middle.nested([begun](transaction& inner) -> task<> {
          co_await add(inner, 2, "two");
          begun.try_send(1);
          co_await channel<int>{1}.recv();
        });
        stuck.start(ends);
        co_await begun.recv();
        stuck.reset();
      }));
      EXPECT_TRUE(failed.starts_with("conflict: ")) << failed;
      co_await add(tx, 3, "three");
    });
    EXPECT_EQ(co_await item_ids(ctx), "1 3");
  });
}

TEST_F(a_transaction, has_one_nested_one_at_a_time) {
  run([](context& ctx) -> task<> {
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      channel<int> begun{1};
      channel<int> go_on{1};
      end_flag ends;
      auto first = tx.nested([begun, go_on](transaction& inner) -> task<> {
        co_await add(inner, 1, "one");
        begun.try_send(1);
        co_await go_on.recv();
      });
      first.start(ends);
      co_await begun.recv();
      EXPECT_EQ(co_await outcome(tx.nested([](transaction& inner) -> task<> { co_await add(inner, 2, "two"); })),
                "a second nested transaction beside the one that is under way");
      go_on.try_send(1);
      while (!ends.ended)
        co_await tx.exec("UPDATE item SET name = 'one' WHERE id = 1");
      first.take();
    });
    EXPECT_EQ(co_await item_ids(ctx), "1");
  });
}

TEST_F(a_transaction, is_served_by_the_same_functions_as_the_database_and_a_nested_one) {
  run([](context& ctx) -> task<> {
    auto db = ctx.db();
    co_await add(db, 1, "one");
    co_await ctx.db().transact([](transaction& tx) -> task<> {
      co_await add(tx, 2, "two");
      co_await tx.nested([](transaction& inner) -> task<> { co_await add(inner, 3, "three"); });
    });
    EXPECT_EQ(co_await item_ids(ctx), "1 2 3");
  });
}

// -- further attempts ----------------------------------------------------------------------------------

TEST_F(a_transaction, is_begun_anew_after_a_serialization_failure_with_nothing_left_of_the_last_attempt) {
  run([](context& ctx) -> task<> {
    int runs = 0;
    const auto given = co_await ctx.db().transact({.attempts = 3}, [&](transaction& tx) -> task<int> {
      co_await add(tx, ++runs, "the same name");
      if (runs < 3)
        throw error{errc::serialization_failure, "again"};
      co_return runs;
    });
    EXPECT_EQ(given, 3);
    EXPECT_EQ(runs, 3);
    EXPECT_EQ(co_await item_ids(ctx), "3");
  });
}

TEST_F(a_transaction, gives_its_last_failure_when_the_attempts_are_used_up) {
  run([](context& ctx) -> task<> {
    for (const auto attempts : {0u, 1u, 2u, 4u}) {
      unsigned runs = 0;
      const auto failed =
        co_await outcome(ctx.db().transact({.attempts = attempts}, [&](transaction& tx) -> task<> {
          co_await add(tx, 1, "one");
          throw error{errc::serialization_failure, "attempt " + std::to_string(++runs)};
        }));
      EXPECT_EQ(runs, std::max(attempts, 1u));
      EXPECT_EQ(failed, "serialization_failure: attempt " + std::to_string(runs));
      EXPECT_EQ(co_await item_ids(ctx), "");
    }
  });
}

TEST_F(a_transaction, is_not_begun_anew_unasked_or_after_other_failures) {
  run([](context& ctx) -> task<> {
    int runs = 0;
    const auto lost = [&](transaction&) -> task<> {
      ++runs;
      throw error{errc::serialization_failure, "again"};
    };
    EXPECT_EQ(co_await outcome(ctx.db().transact(lost)), "serialization_failure: again");
    EXPECT_EQ(co_await outcome(ctx.db().transaction(isolation::serializable, lost)),
              "serialization_failure: again");
    EXPECT_EQ(runs, 2);
    for (const auto code : {errc::conflict, errc::unavailable, errc::deadline_exceeded}) {
      runs = 0;
      const auto failed = co_await outcome(ctx.db().transact({.attempts = 5}, [&](transaction&) -> task<> {
        ++runs;
        throw error{code, "no"};
      }));
      EXPECT_EQ(failed, std::string{to_string(code)} + ": no");
      EXPECT_EQ(runs, 1);
    }
  });
}

TEST_F(a_transaction, holds_no_connection_between_its_attempts) {
  run([](context& ctx) -> task<> {
    int runs = 0;
    std::optional<join_handle<void>> other;
    co_await ctx.db().transact({.attempts = 2}, [&](transaction& tx) -> task<> {
      co_await tx.query("SELECT 1");
      if (++runs == 2) {
        const auto found = co_await tx.one("SELECT count(*) AS n FROM item");
        EXPECT_EQ(found.get<int>("n"), 1) << "who waited for the only connection had it";
        co_return;
      }
      other = ctx.spawn([](context& c) -> task<> {
        auto db = c.db();
        co_await add(db, 1, "one");
      });
      throw error{errc::serialization_failure, "again"};
    });
    co_await *std::move(other);
    EXPECT_EQ(runs, 2);
  });
}

} // namespace
} // namespace troupe::storage::test
