// Plain CAF actors asked by coroutines.
#include "actors/caf.hpp"
#include "actors/combine.hpp"
#include "tests/actors/runner.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
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

// docs/wire.md, "header_list".

const std::string one_field{"\x05Hosta\x01\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x01", 19};

header_list from_wire(const std::string& bytes) {
  header_list out;
  out.add("Left", "over");
  caf::binary_deserializer source{nullptr, bytes.data(), bytes.size()};
  EXPECT_FALSE(source(out));
  return out;
}

TEST(header_list_on_the_wire, is_all_text_and_where_the_fields_are) {
  header_list headers;
  headers.add("Host", "a");
  std::vector<char> bytes;
  caf::binary_serializer sink{nullptr, bytes};
  EXPECT_FALSE(sink(headers));
  EXPECT_EQ((std::string{bytes.begin(), bytes.end()}), one_field);
  const auto back = from_wire(one_field);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0], (std::pair<std::string_view, std::string_view>{"Host", "a"}));
  EXPECT_TRUE(from_wire(std::string(2, '\0')).empty());
}

TEST(header_list_on_the_wire, is_never_read_outside_of_its_text) {
  for (const std::size_t size_at : {7, 11, 15})
    for (const char wrong : {'\x01', '\x7f', '\xff'}) {
      auto bytes = one_field;
      bytes[size_at] = wrong; // the highest byte of a number
      const auto back = from_wire(bytes);
      ASSERT_EQ(back.size(), 1u);
      EXPECT_EQ(back[0].first, "");
      EXPECT_EQ(back[0].second, "");
      EXPECT_EQ(back.find("Host"), std::nullopt);
    }
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
