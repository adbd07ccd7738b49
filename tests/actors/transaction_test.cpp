// What `ctx.db().transact` says to a database, and what it makes of each answer.
#include "actors/detail/caf.hpp"
#include "actors/messages/call.hpp"
#include "tests/actors/runner.hpp"

#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {
namespace {

/// What a scripted database was told, and the refusals that it has left: each for the next statement that begins so.
struct script {
  std::mutex mutex;
  std::deque<std::pair<std::string, errc>> refusals;
  std::vector<std::string> told;

  std::optional<failure> take(const std::string& told_now) {
    const std::lock_guard lock{mutex};
    told.push_back(told_now);
    if (refusals.empty() || !told_now.starts_with(refusals.front().first))
      return std::nullopt;
    const auto code = refusals.front().second;
    refusals.pop_front();
    return failure{code, "refused"};
  }
};

/// A database and its only connection in one actor.
caf::behavior scripted_database(caf::event_based_actor* self, std::shared_ptr<script> by) {
  const auto answer = [self](call_id call, auto value) {
    detail::deliver(self->current_sender(), nullptr, call, std::move(value));
  };
  return {
    [=](call_id call, sql_acquire) {
      if (auto refused = by->take("acquire"))
        answer(call, *refused);
      else
        answer(call, sql_lease{caf::actor_cast<caf::actor>(self), 1});
    },
    [=](call_id call, const sql_statement& statement) {
      if (auto refused = by->take(statement.sql))
        answer(call, *refused);
      else
        answer(call, sql_result{});
    },
    [=](sql_release) { by->take("release"); },
    [](call_id, sql_abandoned) {},
  };
}

class a_transaction_of : public testing::Test {
protected:
  using words = std::vector<std::string>;

  template <class Work>
  std::string outcome_of(transaction_options how, Work work) {
    return bench_.run_on(runner_, [=](context& ctx) -> task<std::string> {
      co_return co_await outcome(ctx.db().transact(how, work));
    });
  }
  std::string outcome_of(transaction_options how) {
    return outcome_of(how, [](transaction& tx) -> task<> { co_await tx.exec("work"); });
  }

  words told() {
    bench_.run_on(runner_, [](context& ctx) -> task<> { co_await ctx.db().exec("end"); });
    const std::lock_guard lock{script_->mutex};
    EXPECT_EQ(script_->told.back(), "end"); // what was sent before has been read
    script_->told.pop_back();
    return script_->told;
  }

  std::shared_ptr<script> script_ = std::make_shared<script>();
  loop_bench bench_;
  caf::actor database_ = bench_.own(bench_.system().spawn(scripted_database, script_));
  caf::actor runner_ = bench_.spawn_runner(database_);
};

TEST_F(a_transaction_of, a_level_says_so_when_it_begins) {
  EXPECT_EQ(outcome_of({}), "no error");
  for (const auto level : {isolation::read_committed, isolation::repeatable_read, isolation::serializable})
    EXPECT_EQ(outcome_of({.level = level}), "no error");
  EXPECT_EQ(outcome_of({.read_only = true}), "no error");
  EXPECT_EQ(outcome_of({.level = isolation::serializable, .read_only = true}), "no error");
  words begins;
  for (const auto& each : told())
    if (each.starts_with("BEGIN"))
      begins.push_back(each);
  EXPECT_EQ(begins, (words{"BEGIN", "BEGIN ISOLATION LEVEL READ COMMITTED",
                           "BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL SERIALIZABLE",
                           "BEGIN READ ONLY", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"}));
}

TEST_F(a_transaction_of, several_attempts_gives_the_connection_back_between_them) {
  script_->refusals = {{"work", errc::serialization_failure}, {"COMMIT", errc::serialization_failure}};
  EXPECT_EQ(outcome_of({.attempts = 3}), "no error");
  EXPECT_EQ(told(), (words{"acquire", "BEGIN", "work", "release",           //
                           "acquire", "BEGIN", "work", "COMMIT", "release", //
                           "acquire", "BEGIN", "work", "COMMIT", "release"}));
}

TEST_F(a_transaction_of, several_attempts_is_begun_anew_when_its_begin_was_refused) {
  script_->refusals = {{"BEGIN", errc::unavailable}};
  EXPECT_EQ(outcome_of({.attempts = 2}), "no error");
  EXPECT_EQ(told(), (words{"acquire", "BEGIN", "release", //
                           "acquire", "BEGIN", "work", "COMMIT", "release"}));
}

TEST_F(a_transaction_of, several_attempts_does_not_wait_again_for_a_connection_that_it_did_not_get) {
  script_->refusals = {{"acquire", errc::unavailable}};
  EXPECT_EQ(outcome_of({.attempts = 5}), "unavailable: refused");
  EXPECT_EQ(told(), words{"acquire"});
}

TEST_F(a_transaction_of, several_attempts_is_not_begun_anew_when_its_end_is_not_known) {
  script_->refusals = {{"COMMIT", errc::outcome_unknown}};
  EXPECT_EQ(outcome_of({.attempts = 5}), "outcome_unknown: refused");
  EXPECT_EQ(told(), (words{"acquire", "BEGIN", "work", "COMMIT", "release"}));
}

TEST_F(a_transaction_of, several_attempts_is_not_begun_anew_after_a_refused_begin_that_says_something_else) {
  script_->refusals = {{"BEGIN", errc::internal}};
  EXPECT_EQ(outcome_of({.attempts = 5}), "internal: refused");
  EXPECT_EQ(told(), (words{"acquire", "BEGIN", "release"}));
}

TEST_F(a_transaction_of, several_parts_sets_and_releases_savepoints) {
  script_->refusals = {{"inner", errc::conflict}};
  const auto work = [](transaction& tx) -> task<> {
    const auto inner = [](transaction& in) -> task<> { co_await in.exec("inner"); };
    EXPECT_EQ(co_await outcome(tx.nested(inner)), "conflict: refused");
    co_await tx.nested([&](transaction& middle) -> task<> { co_await middle.nested(inner); });
  };
  EXPECT_EQ(outcome_of({}, work), "no error");
  EXPECT_EQ(told(), (words{"acquire", "BEGIN",                                                               //
                           "SAVEPOINT troupe_1", "inner", "ROLLBACK TO SAVEPOINT troupe_1",                  //
                           "RELEASE SAVEPOINT troupe_1",                                                     //
                           "SAVEPOINT troupe_1", "SAVEPOINT troupe_2", "inner", "RELEASE SAVEPOINT troupe_2", //
                           "RELEASE SAVEPOINT troupe_1", "COMMIT", "release"}));
}

TEST_F(a_transaction_of, several_parts_is_not_committed_when_one_could_not_be_rolled_back) {
  script_->refusals = {{"inner", errc::conflict}, {"ROLLBACK TO", errc::deadline_exceeded}};
  const auto work = [](transaction& tx) -> task<> {
    EXPECT_EQ(co_await outcome(tx.nested([](transaction& in) -> task<> { co_await in.exec("inner"); })),
              "conflict: refused");
  };
  EXPECT_EQ(outcome_of({.attempts = 5}, work),
            "conflict: a part of the transaction was given up, so that all of it is rolled back");
  EXPECT_EQ(told(), (words{"acquire", "BEGIN", "SAVEPOINT troupe_1", "inner", "ROLLBACK TO SAVEPOINT troupe_1",
                           "release"}));
}

TEST_F(a_transaction_of, several_parts_goes_on_when_a_savepoint_could_not_be_set) {
  script_->refusals = {{"SAVEPOINT", errc::internal}};
  const auto work = [](transaction& tx) -> task<> {
    EXPECT_EQ(co_await outcome(tx.nested([](transaction& in) -> task<> { co_await in.exec("inner"); })),
              "internal: refused");
    co_await tx.exec("work");
  };
  EXPECT_EQ(outcome_of({}, work), "no error");
  EXPECT_EQ(told(), (words{"acquire", "BEGIN", "SAVEPOINT troupe_1", "work", "COMMIT", "release"}));
}

} // namespace
} // namespace troupe::test
