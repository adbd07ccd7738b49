// A worker whose requests come from its own loop, past its mailbox.
#include "actors/detail/near.hpp"

#include "actors/detail/worker_actor.hpp"
#include "tests/actors/runner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

/// As a gateway: on the worker's loop, with an actor's address.
class near_requests : public testing::Test, protected detail::near_asker {
protected:
  void start(handler handle) {
    worker_ = bench_.spawn<detail::worker_actor>(
      test_node(), std::make_shared<const service>(service{"test"}.get("/", std::move(handle))));
    // Its behaviour is made before what follows runs.
    near_ = dynamic_cast<detail::near_worker*>(caf::actor_cast<caf::abstract_actor*>(worker_));
  }

  /// Runs `what` on the loop, and returns when it and all that it has caused at once are done.
  void on_loop(std::function<void()> what) {
    bench_.run([&](context&) -> task<> {
      what();
      co_return;
    });
    bench_.run([](context& ctx) -> task<> { co_await ctx.yield(); });
  }

  bool ask(std::uint64_t id, std::string body = {}, std::uint32_t route = 0) {
    request what;
    what.body = std::move(body);
    what.route = route;
    const auto taken = near_->take_request({id}, std::move(what), *this, address());
    left_ = what.body;
    return taken;
  }

  [[nodiscard]] caf::strong_actor_ptr address() {
    return caf::actor_cast<caf::strong_actor_ptr>(bench_.self());
  }

  void take_answer(call_id id, response&& what) override {
    answers_.push_back(std::to_string(id.value) + " " + what.body);
  }
  void take_answer(call_id id, const failure& why) override {
    answers_.push_back(std::to_string(id.value) + " " + std::string{to_string(why.code)} + ": "
                       + why.detail);
  }

  using texts = std::vector<std::string>;

  loop_bench bench_;
  caf::actor worker_;
  detail::near_worker* near_ = nullptr;
  texts answers_; // of the loop
  std::string left_;
};

task<response> echo(context&, const request& what) {
  co_return text(what.body);
}

TEST_F(near_requests, are_answered_in_order_when_their_sender_has_come_back_to_the_loop) {
  start(echo);
  std::size_t at_once = 0;
  on_loop([&] {
    EXPECT_TRUE(ask(1, "one"));
    EXPECT_TRUE(ask(2, "two"));
    at_once = answers_.size();
  });
  EXPECT_EQ(at_once, 0U);
  EXPECT_EQ(answers_, (texts{"1 one", "2 two"}));
}

TEST_F(near_requests, are_answered_when_a_handler_has_waited_or_failed) {
  start([](context& ctx, const request& what) -> task<response> {
    co_await ctx.yield();
    if (what.body.empty())
      throw error{errc::conflict, "no body"};
    co_return text(what.body);
  });
  on_loop([&] { ask(1, "one"), ask(2), ask(3, "three", 7); });
  on_loop([] {});
  EXPECT_EQ(answers_, (texts{"3 internal: the node does not have this route", "1 one",
                             "2 conflict: no body"}));
}

TEST_F(near_requests, are_begun_before_a_message_that_was_sent_after_them) {
  const auto held = make_token();
  std::size_t begun = 0;
  start([&begun, held](context& ctx, const request&) -> task<response> {
    ++begun;
    const auto mine = held;
    co_await ctx.sleep(1h);
    co_return text("awake");
  });
  on_loop([&] {
    ask(1);
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(worker_), address(), call_id{1},
                    request_abandoned{});
  });
  EXPECT_EQ(begun, 1U);
  EXPECT_EQ(answers_, texts{});
  bench_.end(worker_);
  EXPECT_EQ(answers_, texts{}) << "it has been given up";
}

TEST_F(near_requests, that_wait_or_are_in_work_are_answered_when_the_worker_ends) {
  start([](context& ctx, const request&) -> task<response> {
    co_await ctx.sleep(1h);
    co_return text("awake");
  });
  on_loop([&] { ask(1); });
  on_loop([&] {
    ask(2);
    detail::end_actor(worker_);
  });
  bench_.end(worker_);
  EXPECT_EQ(answers_, (texts{"1 unavailable: the worker was stopped",
                             "2 unavailable: the worker was stopped"}));
}

TEST_F(near_requests, are_left_alone_by_a_worker_that_has_ended) {
  start(echo);
  const auto kept = worker_;
  bench_.end(worker_);
  bool taken = true;
  on_loop([&] { taken = ask(1, "a body that is long enough to be moved elsewhere"); });
  EXPECT_FALSE(taken);
  EXPECT_EQ(left_, "a body that is long enough to be moved elsewhere");
  EXPECT_EQ(answers_, texts{});
}

} // namespace
} // namespace troupe::test
