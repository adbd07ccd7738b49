#include "actors/detail/worker_actor.hpp"

#include "actors/channel.hpp"
#include "tests/actors/runner.hpp"

#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <stdexcept>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

/// "200 body", "not_found: detail": what a worker answered.
using answers = std::map<std::uint64_t, std::string>;

class a_worker : public testing::Test {
protected:
  caf::actor start(service what) {
    return bench_.spawn<detail::worker_actor>(test_node(),
                                              std::make_shared<const service>(std::move(what)));
  }
  caf::actor start(handler handle) {
    return start(service{"test"}.get("/{id}", std::move(handle)));
  }

  void ask(const caf::actor& worker, std::uint64_t id, std::uint32_t route = 0) {
    request what;
    what.target = "/" + std::to_string(id);
    what.route = route;
    what.parameters = {{"id", std::to_string(id)}};
    bench_.self()->send(worker, call_id{id}, std::move(what));
  }

  answers receive(std::size_t count) {
    answers out;
    bool late = false;
    while (out.size() < count && !late)
      bench_.self()->receive(
          [&](call_id id, response& what) {
            out[id.value] = std::to_string(what.status) + " " + what.body;
          },
          [&](call_id id, failure& what) {
            out[id.value] = std::string{to_string(what.code)} + ": " + what.detail;
          },
          caf::after(scaled(soon)) >> [&] { late = true; });
    EXPECT_FALSE(late) << "an answer is missing";
    return out;
  }

  std::string answer_of(handler handle) {
    auto worker = start(std::move(handle));
    ask(worker, 1);
    return receive(1)[1];
  }

  loop_bench bench_;
};

TEST_F(a_worker, answers_with_what_its_handler_returns) {
  EXPECT_EQ(answer_of([](context& ctx, const request& what) -> task<response> {
              co_return text("id " + what.param<std::string>("id") + " on " + ctx.node_name())
                  .with_status(201);
            }),
            "201 id 1 on test-node");
}

TEST_F(a_worker, answers_with_the_failure_that_its_handler_throws_anywhere) {
  const auto wait = [](context& ctx) { return ctx.sleep(1ms); };
  const std::vector<std::pair<handler, std::string>> cases{
      {[](context&, const request&) -> task<response> {
         throw error{errc::not_found, "no such thing"};
         co_return response{};
       },
       "not_found: no such thing"},
      {[wait](context& ctx, const request&) -> task<response> {
         co_await wait(ctx);
         throw error{errc::conflict, "after a wait"};
       },
       "conflict: after a wait"},
      {[](context&, const request&) -> task<response> {
         throw error{errc::forbidden, "no coroutine"};
       },
       "forbidden: no coroutine"},
      {[](context&, const request& what) -> task<response> {
         co_return text(std::to_string(what.query<int>("n")));
       },
       "invalid_argument: query parameter \"n\" is missing"},
      // What is not meant for the client does not reach it.
      {[](context&, const request&) -> task<response> {
         throw std::runtime_error{"secret"};
         co_return response{};
       },
       "internal: "},
      {[wait](context& ctx, const request&) -> task<response> {
         co_await wait(ctx);
         throw error{errc::internal, "secret"};
       },
       "internal: "},
      {[](context&, const request&) -> task<response> {
         throw 42;
         co_return response{};
       },
       "internal: "},
      {[](context&, const request& what) -> task<response> {
         co_return text(what.param<std::string>("other"));
       },
       "internal: "},
  };
  for (const auto& [handle, expected] : cases)
    EXPECT_EQ(answer_of(handle), expected);
}

TEST_F(a_worker, runs_many_requests_at_once_and_answers_each_as_it_ends) {
  struct door {
    channel<int> opened{1000};
  };
  auto what = service{"test"}
                  .get("/wait/{id}",
                       [](context& ctx, const request& r) -> task<response> {
                         co_await ctx.local<door>().opened.recv();
                         co_return text("waited " + r.param<std::string>("id"));
                       })
                  .get("/open/{id}", [](context& ctx, const request&) -> task<response> {
                    ctx.local<door>().opened.close();
                    co_return text("opened");
                  });
  const auto worker = start(what);
  for (std::uint64_t id = 1; id <= 100; ++id)
    ask(worker, id);
  ask(worker, 101, 1);
  const auto all = receive(101);
  for (std::uint64_t id = 1; id <= 100; ++id)
    EXPECT_EQ(all.at(id), "200 waited " + std::to_string(id));
  EXPECT_EQ(all.at(101), "200 opened");
  ask(worker, 1); // with a call that has been used before
  EXPECT_EQ(receive(1).at(1), "200 waited 1");
}

TEST_F(a_worker, keeps_request_captures_and_arguments_until_the_coroutine_has_ended) {
  const auto worker =
      start([prefix = std::string(100, 'x')](context& ctx, const request& r) -> task<response> {
        const auto view = r.param("id"); // into the request
        co_await ctx.sleep(1ms);
        co_return text(prefix + std::string{view});
      });
  ask(worker, 7);
  EXPECT_EQ(receive(1)[7], "200 " + std::string(100, 'x') + "7");
}

TEST_F(a_worker, refuses_a_route_that_it_does_not_have) {
  const auto worker = start([](context&, const request&) -> task<response> { co_return text(""); });
  ask(worker, 1, 1);
  ask(worker, 2, 4'000'000'000);
  EXPECT_EQ(receive(2), (answers{{1, "internal: the node does not have this route"},
                                 {2, "internal: the node does not have this route"}}));
}

TEST_F(a_worker, that_ends_destroys_its_handlers_and_tells_those_who_wait) {
  const auto held = make_token();
  const auto begun = std::make_shared<std::atomic<int>>(0);
  const auto resumed = std::make_shared<std::atomic<int>>(0);
  const auto worker = start([=](context& ctx, const request& r) -> task<response> {
    const auto mine = held;
    ++*begun;
    if (r.param<int>("id") == 1) {
      co_await ctx.sleep(1h);
    } else {
      channel<int> never{1};
      co_await [](channel<int> c, token) -> task<> { co_await c.recv(); }(never, held);
    }
    ++*resumed;
    co_return text("late");
  });
  ask(worker, 1);
  ask(worker, 2);
  // Both have begun once a third request, behind them, has been looked at.
  ask(worker, 3, 9);
  EXPECT_EQ(receive(1), (answers{{3, "internal: the node does not have this route"}}));
  EXPECT_EQ(*begun, 2);
  const auto before = held.use_count();
  bench_.end(worker);
  EXPECT_EQ(receive(2), (answers{{1, "unavailable: the worker was stopped"},
                                 {2, "unavailable: the worker was stopped"}}));
  EXPECT_EQ(before - held.use_count(), 3); // `mine` of both, and the nested coroutine's argument
  EXPECT_EQ(*resumed, 0);
}

TEST_F(a_worker, that_ends_answers_what_still_waits_in_its_mailbox) {
  const auto worker =
      start([](context&, const request&) -> task<response> { co_return text("too late"); });
  const auto self = caf::actor_cast<caf::strong_actor_ptr>(bench_.self());
  bench_.run([&](context&) -> task<> { // on the worker's loop, which so cannot run it in between
    detail::end_actor(worker);
    for (const std::uint64_t id : {1, 2})
      detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(worker), self, call_id{id}, request{});
    co_return;
  });
  EXPECT_EQ(receive(2), (answers{{1, "unavailable: the actor has ended"},
                                 {2, "unavailable: the actor has ended"}}));
}

TEST_F(a_worker, gives_each_of_its_handlers_the_same_local_value_and_ends_it_last) {
  struct counter {
    int value = 0;
    token held;
  };
  struct other {
    int value = 100;
  };
  const auto held = make_token();
  const auto still_there = std::make_shared<std::atomic<bool>>(false);
  const auto worker = start([=](context& ctx, const request&) -> task<response> {
    auto& mine = ctx.local<counter>();
    mine.held = held;
    ++ctx.local<other>().value;
    if (++mine.value == 3) {
      struct at_end {
        context& ctx;
        std::shared_ptr<std::atomic<bool>> flag;
        ~at_end() { *flag = ctx.local<counter>().value == 3; }
      } last{ctx, still_there};
      co_await ctx.sleep(1h);
    }
    co_return text(std::to_string(mine.value) + " " + std::to_string(ctx.local<other>().value));
  });
  ask(worker, 1);
  ask(worker, 2);
  ask(worker, 3);
  EXPECT_EQ(receive(2), (answers{{1, "200 1 101"}, {2, "200 2 102"}}));
  const auto another = start([](context& ctx, const request&) -> task<response> {
    co_return text(std::to_string(ctx.local<counter>().value));
  });
  ask(another, 4);
  EXPECT_EQ(receive(1)[4], "200 0"); // each actor has its own
  bench_.end(worker);
  EXPECT_TRUE(*still_there);
  EXPECT_EQ(receive(1)[3], "unavailable: the worker was stopped");
}

TEST_F(a_worker, ends_what_a_handler_spawned_and_did_not_await) {
  const auto held = make_token();
  const auto worker = start([held](context& ctx, const request&) -> task<response> {
    static_cast<void>(ctx.spawn([held](context& c) -> task<> { co_await c.sleep(1h); }));
    co_return text("spawned");
  });
  ask(worker, 1);
  EXPECT_EQ(receive(1)[1], "200 spawned");
  const auto before = held.use_count();
  bench_.end(worker);
  EXPECT_LT(held.use_count(), before);
}

TEST_F(a_worker, without_a_database_fails_the_statement_and_not_the_node) {
  EXPECT_EQ(answer_of([](context& ctx, const request&) -> task<response> {
              co_await ctx.db().exec("SELECT 1");
              co_return text("done");
            }),
            "internal: ");
}

TEST_F(a_worker, without_a_task_to_run_fails_the_request_and_not_the_node) {
  EXPECT_EQ(answer_of([](context&, const request&) { return task<response>{}; }), "internal: ");
  EXPECT_EQ(answer_of([](context&, const request&) -> task<response> {
              co_return co_await task<response>{};
            }),
            "internal: ");
  EXPECT_EQ(answer_of([](context& ctx, const request&) -> task<response> {
              co_return co_await ctx.spawn(task<response>{});
            }),
            "internal: ");
}

TEST_F(a_worker, fails_a_request_whose_answer_has_a_status_that_is_none) {
  for (const std::uint16_t code : {0, 101, 199, 600})
    EXPECT_EQ(answer_of([code](context&, const request&) -> task<response> {
                co_return status(code);
              }),
              "internal: ");
}

TEST_F(a_worker, ignores_replies_that_nobody_waits_for) {
  const auto worker =
      start([](context&, const request&) -> task<response> { co_return text("ok"); });
  bench_.self()->send(worker, call_id{77}, sql_result{});
  bench_.self()->send(worker, call_id{78}, failure{});
  bench_.self()->send(worker, std::string{"no message of ours"});
  ask(worker, 1);
  EXPECT_EQ(receive(1)[1], "200 ok");
}

} // namespace
} // namespace troupe::test
