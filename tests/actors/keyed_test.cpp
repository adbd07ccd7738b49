// Stateful actors by key: one for each key, their states in a database.
#include "actors/channel.hpp"
#include "actors/combine.hpp"
#include "actors/detail/keyed_directory.hpp"
#include "actors/keyed.hpp"
#include "storage/database.hpp"
#include "tests/actors/runner.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

struct add {
  int amount = 1;
};
struct read_sum {};

struct counter {
  int sum = 0;
  int handle(add what) { return sum += what.amount; }
  int handle(read_sum) const { return sum; }
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(counter, sum)
};

class keyed_actors : public testing::Test {
protected:
  /// As a node has them, with this database. Several of these are as several nodes.
  struct node {
    std::shared_ptr<detail::keyed_directory> directory;
    caf::actor runner_on[2];
  };

  node start_node() {
    auto services = std::make_shared<detail::node_services>();
    services->database.pools = {detail::from_caf(caf::actor_cast<caf::strong_actor_ptr>(database_))};
    services->loops = {&bench_.loop(0), &bench_.loop(1)};
    services->keyed = std::make_shared<detail::keyed_directory>(services->loops);
    node out{services->keyed, {}};
    for (std::size_t i = 0; i < 2; ++i)
      out.runner_on[i] =
          bench_.own(detail::spawn_pinned<runner>(bench_.loop(i), detail::node_services_ptr{services}));
    started_.push_back(out.directory);
    return out;
  }

  ~keyed_actors() override {
    for (const auto& each : started_)
      each->shut_down(scaled(10s));
  }

  template <class F>
  auto run_on(const node& where, F work) {
    return bench_.run_on(where.runner_on[0], std::move(work));
  }

  /// What stands in the database; "none" without a row.
  static task<std::string> stored(context& ctx, std::string key) {
    try {
      auto row = co_await ctx.db().find("SELECT state FROM troupe_actors WHERE key = $1", key);
      co_return row ? row->get<std::string>("state") : "none";
    } catch (const error&) { // there is no table yet
      co_return "none";
    }
  }

private:
  config::storage_settings settings() const {
    config::storage_settings out;
    out.url = "sqlite:" + (folder_.path() / "test.db").string();
    out.max_connections = 2;
    return out;
  }

  temp_directory folder_;
  loop_bench bench_{2};
  caf::actor database_ = bench_.own(storage::spawn_database(bench_.loop(), settings()));
  std::vector<std::shared_ptr<detail::keyed_directory>> started_;
};

struct made_with_key {
  explicit made_with_key(const std::string& key) : own(key) { ++made; }
  std::string handle(read_sum) const { return own; }
  std::string own;
  static inline std::atomic<int> made{0};
};

TEST_F(keyed_actors, are_made_once_for_each_key_whoever_asks_first_and_know_their_key) {
  const auto where = start_node();
  const keyed<made_with_key> all{"made"};
  made_with_key::made = 0;
  std::vector<std::promise<void>> done(2);
  for (std::size_t i = 0; i < 2; ++i)
    loop_bench::send(where.runner_on[i], [&all, &ended = done[i]](context& ctx) {
      static_cast<void>(ctx.spawn([&all, &ended](context& c) -> task<> {
        for (int n = 0; n < 2000; ++n) {
          const auto key = std::to_string(n % 20);
          EXPECT_EQ(co_await c.ask(all[key], read_sum{}), key);
        }
        ended.set_value();
      }));
    });
  for (auto& each : done)
    ASSERT_EQ(each.get_future().wait_for(scaled(soon)), std::future_status::ready);
  EXPECT_EQ(made_with_key::made, 20);
}

TEST_F(keyed_actors, without_persistence_are_lost_when_idle) {
  run_on(start_node(), [](context& ctx) -> task<> {
    const keyed<counter> all{"brief", {.idle_timeout = 1ms}};
    EXPECT_EQ(co_await ctx.ask(all["a"], add{5}), 5);
    while (co_await ctx.ask(all["a"], read_sum{}) != 0)
      co_await ctx.sleep(40ms);
  });
}

TEST_F(keyed_actors, that_save_at_their_stop_do_so_when_idle_and_with_the_node) {
  const keyed<counter> brief{"brief", {.idle_timeout = 1ms, .persistence = persistence::at_stop}};
  const keyed<counter> lasting{"lasting", {.persistence = persistence::at_stop}};
  const auto before = start_node();
  run_on(before, [&](context& ctx) -> task<> {
    ctx.tell(brief["a"], add{5});
    while (co_await stored(ctx, "a") != R"({"sum":5})")
      co_await ctx.sleep(1ms);
    EXPECT_EQ(co_await ctx.ask(lasting["b"], add{7}), 7);
    EXPECT_EQ(co_await stored(ctx, "b"), "none");
  });
  before.directory->shut_down(scaled(10s));
  run_on(before, [&](context& ctx) -> task<> {
    EXPECT_EQ(co_await outcome(ctx.ask(lasting["b"], add{1})), "unavailable: the node is stopping");
  });
  run_on(start_node(), [&](context& ctx) -> task<> {
    EXPECT_EQ(co_await ctx.ask(brief["a"], read_sum{}), 5);
    EXPECT_EQ(co_await ctx.ask(lasting["b"], read_sum{}), 7);
  });
}

TEST_F(keyed_actors, that_are_idle_stay_as_long_as_their_state_cannot_be_saved) {
  const keyed<counter> all{"kept", {.idle_timeout = 1ms, .persistence = persistence::at_stop}};
  run_on(start_node(), [&](context& ctx) -> task<> {
    EXPECT_EQ(co_await ctx.ask(all["a"], add{5}), 5);
    co_await ctx.db().exec("ALTER TABLE troupe_actors RENAME TO elsewhere");
    for (int i = 0; i < 5; ++i) {
      co_await ctx.sleep(20ms); // longer than it takes to be found idle
      EXPECT_EQ(co_await ctx.ask(all["a"], read_sum{}), 5);
    }
    co_await ctx.db().exec("ALTER TABLE elsewhere RENAME TO troupe_actors");
    while (co_await stored(ctx, "a") != R"({"sum":5})")
      co_await ctx.sleep(1ms);
  });
}

TEST_F(keyed_actors, that_save_each_change_have_saved_it_when_they_answer) {
  const keyed<counter> all{"safe", {.persistence = persistence::each_change}};
  run_on(start_node(), [&](context& ctx) -> task<> {
    EXPECT_EQ(co_await ctx.ask(all["a"], read_sum{}), 0);
    EXPECT_EQ(co_await stored(ctx, "a"), "none"); // nothing has changed
    for (int i = 1; i < 4; ++i) {
      EXPECT_EQ(co_await ctx.ask(all["a"], add{1}), i);
      EXPECT_EQ(co_await stored(ctx, "a"), R"({"sum":)" + std::to_string(i) + "}");
    }
  });
}

TEST_F(keyed_actors, whose_change_cannot_be_saved_say_so_and_go_back_to_what_is_stored) {
  const keyed<counter> all{"safe", {.persistence = persistence::each_change}};
  run_on(start_node(), [&](context& ctx) -> task<> {
    EXPECT_EQ(co_await ctx.ask(all["a"], add{1}), 1);
    co_await ctx.db().exec("ALTER TABLE troupe_actors RENAME TO elsewhere");
    EXPECT_NE(co_await outcome(ctx.ask(all["a"], add{1})), "no error");
    EXPECT_EQ(co_await outcome(ctx.ask(all["a"], add{1})),
              "unavailable: the state of safe/a could not be loaded");
    co_await ctx.db().exec("ALTER TABLE elsewhere RENAME TO troupe_actors");
    EXPECT_EQ(co_await ctx.ask(all["a"], add{1}), 2);
  });
}

struct text {
  std::string value;
  std::string handle(std::string what) { return value = std::move(what); }
  std::string handle(read_sum) const { return value; }
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(text, value)
};

TEST_F(keyed_actors, whose_state_is_no_json_fail_the_message_and_nothing_else) {
  const keyed<text> all{"texts", {.persistence = persistence::each_change}};
  run_on(start_node(), [&](context& ctx) -> task<> {
    for (const std::string key : {"a", "b", "c", "d"}) { // of both loops
      EXPECT_EQ(co_await ctx.ask(all[key], std::string{"good"}), "good");
      EXPECT_EQ(co_await outcome(ctx.ask(all[key], std::string{"\xff\xfe"})),
                "internal: a stateful actor failed: its state cannot be saved");
      EXPECT_EQ(co_await ctx.ask(all[key], read_sum{}), "good");
      ctx.tell(all[key], std::string{"\xff\xfe"});
      EXPECT_EQ(co_await outcome(ctx.ask(all[key], read_sum{})), "no error");
    }
  });
  const keyed<text> brief{"brief", {.idle_timeout = 1ms, .persistence = persistence::at_stop}};
  run_on(start_node(), [&](context& ctx) -> task<> {
    EXPECT_EQ(co_await ctx.ask(brief["a"], std::string{"\xff"}), "\xff");
    while (!(co_await ctx.ask(brief["a"], read_sum{})).empty())
      co_await ctx.sleep(40ms);
  });
}

struct wait_here {
  channel<int> gate;
};

struct patient {
  task<int> handle(context&, wait_here what) {
    ++sum;
    co_await what.gate.recv();
    co_return sum;
  }
  int handle(add what) { return sum += what.amount; }
  int sum = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(patient, sum)
};

TEST_F(keyed_actors, of_one_loop_that_are_busy_cost_those_of_another_nothing_at_the_end) {
  const keyed<patient> all{"patient", {.persistence = persistence::at_stop}};
  const auto where = start_node();
  channel<int> never{1};
  std::vector<std::string> keys;
  for (int i = 0; i < 16; ++i)
    keys.push_back(std::to_string(i));
  run_on(where, [&](context& ctx) -> task<> {
    for (const auto& key : keys)
      EXPECT_EQ(co_await ctx.ask(all[key], add{1}), 1);
    for (const auto& key : keys)
      if (&where.directory->home_of("patient", key) == &ctx.host().loop())
        ctx.tell(all[key], wait_here{never});
  });
  where.directory->shut_down(300ms);
  run_on(where, [&](context& ctx) -> task<> {
    for (const auto& key : keys)
      if (&where.directory->home_of("patient", key) != &ctx.host().loop())
        EXPECT_EQ(co_await stored(ctx, key), R"({"sum":1})") << key;
  });
}

TEST_F(keyed_actors, that_are_reentrant_answer_what_is_saved_in_turn) {
  const keyed<patient> all{"reentrant",
                           {.persistence = persistence::each_change, .actor = {.reentrant = true}}};
  run_on(start_node(), [&](context& ctx) -> task<> {
    channel<int> gate{1};
    auto waiting = ctx.spawn(ctx.ask(all["a"], wait_here{gate}));
    std::vector<task<int>> asks;
    for (int i = 0; i < 20; ++i)
      asks.push_back(ctx.ask(all["a"], add{1}));
    co_await join_all(std::move(asks));
    EXPECT_EQ(co_await stored(ctx, "a"), R"({"sum":21})");
    gate.close();
    EXPECT_EQ(co_await waiting, 21);
  });
}

TEST_F(keyed_actors, of_two_nodes_never_overwrite_each_other) {
  const keyed<counter> all{"shared", {.persistence = persistence::each_change}};
  const auto one = start_node(), other = start_node();
  const auto add_one = [&](context& ctx) { return ctx.ask(all["a"], add{1}); };
  EXPECT_EQ(run_on(one, add_one), 1);
  EXPECT_EQ(run_on(other, add_one), 2);
  EXPECT_EQ(run_on(one, [&](context& ctx) { return outcome(add_one(ctx)); }),
            "conflict: another node has changed the state of shared/a");
  EXPECT_EQ(run_on(one, add_one), 3); // has loaded it again
}

TEST_F(keyed_actors, of_one_kind_have_one_type) {
  const keyed<counter> numbers{"twice"};
  const keyed<made_with_key> texts{"twice"};
  run_on(start_node(), [&](context& ctx) -> task<> {
    for (const std::string key : {"a", "b", "c", "d"}) { // of both loops
      EXPECT_EQ(co_await ctx.ask(numbers[key], add{1}), 1);
      EXPECT_EQ(co_await outcome(ctx.ask(texts[key], read_sum{})),
                "internal: keyed actors of two types are both called \"twice\"");
      EXPECT_EQ(co_await ctx.ask(numbers[key], add{1}), 2);
    }
  });
}

struct no_json {
  int handle(read_sum) const { return 0; }
};

TEST(keyed_kinds, that_make_no_sense_are_refused_when_they_are_made) {
  EXPECT_THROW(keyed<counter>{""}, std::invalid_argument);
  EXPECT_THROW((keyed<no_json>{"x", {.persistence = persistence::at_stop}}), std::logic_error);
}

} // namespace
} // namespace troupe::test
