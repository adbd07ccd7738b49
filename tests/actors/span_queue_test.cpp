#include "actors/detail/span_queue.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace troupe::detail {
namespace {

using namespace std::chrono_literals;

span named(std::string name) {
  return {trace_context::begin(true), {}, span_kind::internal, std::move(name), {}, {}, {}, {}};
}

TEST(span_queue, drops_and_counts_what_finds_it_full) {
  span_queue queue{3, 2};
  for (const auto* name : {"a", "b", "c", "d", "e"})
    queue.add(named(name));
  EXPECT_EQ(queue.count().dropped, 2U);
  const auto first = queue.take(0ms, {});
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].name, "a");
  EXPECT_EQ(first[1].name, "b");
  queue.add(named("f"));
  const auto second = queue.take(0ms, {});
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(second[0].name, "c");
  EXPECT_EQ(second[1].name, "f");
  EXPECT_TRUE(queue.take(0ms, {}).empty());
}

TEST(span_queue, gives_a_full_batch_at_once) {
  span_queue queue{8, 2};
  std::thread other{[&] {
    queue.add(named("a"));
    queue.add(named("b"));
  }};
  EXPECT_EQ(queue.take(1h, {}).size(), 2U);
  other.join();
}

TEST(span_queue, gives_what_there_is_when_it_is_to_stop) {
  span_queue queue;
  queue.add(named("a"));
  std::stop_source stop;
  std::thread other{[&] { stop.request_stop(); }};
  EXPECT_EQ(queue.take(1h, stop.get_token()).size(), 1U);
  other.join();
}

TEST(an_open_span, has_failed_unless_somebody_says_otherwise) {
  const auto queue = std::make_shared<span_queue>();
  const auto root = trace_context::begin(true);
  { const open_span lost{queue, root, span_kind::internal, "lost"}; }
  {
    open_span good{queue, span_kind::server, "good"};
    good.set("count", 1);
    good.set("count", 2);
    good.set("text", std::string(5000, 'x'));
    good.succeed();
  }
  const auto all = queue->take(0ms, {});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].failed, "given up");
  EXPECT_EQ(all[0].parent, root.parent_id());
  EXPECT_EQ(all[0].place.trace_id(), root.trace_id());
  EXPECT_NE(all[0].place.parent_id(), root.parent_id());
  EXPECT_FALSE(all[1].failed);
  EXPECT_EQ(all[1].parent, "");
  ASSERT_EQ(all[1].attributes.size(), 2U);
  EXPECT_EQ(std::get<std::int64_t>(all[1].attributes[0].second), 2);
  EXPECT_EQ(std::get<std::string>(all[1].attributes[1].second).size(), open_span::longest_attribute);
}

} // namespace
} // namespace troupe::detail
