// Plain CAF actors asked by coroutines.
#include "actors/caf.hpp"
#include "actors/combine.hpp"
#include "tests/actors/runner.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

caf::behavior doubler(caf::event_based_actor* self) {
  return {
      [](int number) { return 2 * number; },
      [](const std::string&) -> caf::result<int> { return caf::sec::invalid_argument; },
      [=](caf::atom_value) -> int {
        self->quit();
        return 0;
      },
      [=](double) -> caf::response_promise { return self->make_response_promise(); }, // never
  };
}

class caf_actors : public testing::Test {
protected:
  loop_bench bench_;
  caf::actor whom_ = bench_.system().spawn(doubler);

  ~caf_actors() override { caf::anon_send_exit(whom_, caf::exit_reason::user_shutdown); }
};

TEST_F(caf_actors, answer_those_who_ask) {
  bench_.run([this](context& ctx) -> task<> {
    EXPECT_EQ(co_await caf_ask<int>(ctx, whom_, 5s, 21), 42);
  });
}

TEST_F(caf_actors, that_do_not_answer_in_time_or_with_an_error_throw_it) {
  bench_.run([this](context& ctx) -> task<> {
    EXPECT_EQ((co_await outcome(caf_ask<int>(ctx, whom_, 1ms, 1.5))).substr(0, 18),
              "deadline_exceeded:");
    EXPECT_EQ((co_await outcome(caf_ask<int>(ctx, whom_, 5s, std::string{"x"}))).substr(0, 9),
              "internal:");
    EXPECT_EQ((co_await outcome(caf_ask<int>(ctx, whom_, 5s, true))).substr(0, 9), "internal:");
    EXPECT_EQ(co_await caf_ask<int>(ctx, whom_, 5s, 2), 4);
  });
}

TEST_F(caf_actors, that_have_ended_are_unavailable) {
  bench_.run([this](context& ctx) -> task<> {
    EXPECT_EQ(co_await caf_ask<int>(ctx, whom_, 5s, caf::atom("end")), 0);
    while ((co_await outcome(caf_ask<int>(ctx, whom_, 5s, 2))).substr(0, 12) != "unavailable:")
      co_await ctx.yield();
  });
}

TEST_F(caf_actors, are_forgotten_by_those_who_give_up) {
  bench_.run([this](context& ctx) -> task<> {
    auto waiting = ctx.spawn(caf_ask<int>(ctx, whom_, 20ms, 1.5));
    waiting.abort();
    EXPECT_EQ(co_await outcome(with_timeout(1ms, caf_ask<int>(ctx, whom_, 5s, 1.5))),
              "deadline_exceeded: no result within 1 ms");
    co_await ctx.sleep(40ms); // the answer to the first one comes: nobody hears it
    EXPECT_EQ(co_await caf_ask<int>(ctx, whom_, 5s, 2), 4);
  });
}

} // namespace
} // namespace troupe::test
