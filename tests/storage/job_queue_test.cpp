#include "storage/detail/backoff.hpp"
#include "storage/detail/job_queue.hpp"
#include "storage/detail/warning_limit.hpp"

#include <gtest/gtest.h>

namespace troupe::storage {
namespace {

using namespace std::chrono_literals;

constexpr troupe::detail::steady_time start{};

pool_job job(std::uint64_t call, troupe::detail::steady_time deadline = start + 1s) {
  pool_job out;
  out.call = call_id{call};
  out.deadline = deadline;
  return out;
}

void push(job_queue& queue, std::uint64_t call, troupe::detail::steady_time deadline = start + 1s) {
  auto item = job(call, deadline);
  EXPECT_FALSE(queue.push(item));
}

TEST(job_queue, gives_a_job_to_the_connection_that_was_used_last) {
  job_queue queue;
  EXPECT_FALSE(queue.take(1));
  EXPECT_FALSE(queue.take(2));
  auto item = job(7);
  EXPECT_EQ(queue.push(item), 2u);
  EXPECT_EQ(item.call.value, 7u) << "it stays with the caller";
  EXPECT_EQ(queue.push(item), 1u);
  EXPECT_FALSE(queue.push(item));
}

TEST(job_queue, gives_jobs_out_in_their_order_and_one_put_back_before_them) {
  job_queue queue;
  push(queue, 1);
  push(queue, 2);
  auto first = queue.take(0);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->call.value, 1u);
  EXPECT_TRUE(queue.put_back(*first));
  EXPECT_EQ(queue.take(0)->call.value, 1u);
  EXPECT_EQ(queue.take(0)->call.value, 2u);
  EXPECT_EQ(queue.count().idle, 0u);
  EXPECT_FALSE(queue.take(0));
  EXPECT_EQ(queue.count().idle, 1u);
}

TEST(job_queue, gives_out_which_connection_is_not_known_to_work_any_more_and_keeps_since_when_it_was_idle) {
  job_queue queue;
  const auto for_none = [](const pool_job&) { return true; };
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(queue.take_unknown(before + 1h));
  EXPECT_FALSE(queue.take(1));
  EXPECT_FALSE(queue.take(2));
  EXPECT_FALSE(queue.take_unknown(before)) << "both have just been used";
  const auto oldest = queue.take_unknown(before + 1h);
  ASSERT_TRUE(oldest);
  EXPECT_EQ(oldest->which, 1u);
  EXPECT_FALSE(queue.take_unless(1, for_none, before - 1min).job); // it works
  EXPECT_EQ(queue.take_unknown(before + 1h)->which, 2u) << "what was looked at last is the last one";
  const auto again = queue.take_unknown(before + 1h);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->since, before - 1min);
  EXPECT_FALSE(queue.take(2));
  EXPECT_FALSE(queue.take_unless(1, for_none, before - 1min).job);
  EXPECT_EQ(queue.take_idle(before, 5), std::vector<job_queue::slot>{1}) << "nobody has needed it";
  auto item = job(7);
  EXPECT_EQ(queue.push(item), 2u);
}

TEST(job_queue, brings_a_job_put_back_and_an_idle_connection_together) {
  job_queue queue;
  EXPECT_FALSE(queue.match());
  EXPECT_FALSE(queue.take(3));
  EXPECT_FALSE(queue.match());
  auto item = job(5);
  EXPECT_TRUE(queue.put_back(item));
  auto pair = queue.match();
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->first, 3u);
  EXPECT_EQ(pair->second.call.value, 5u);
  EXPECT_FALSE(queue.match());
}

TEST(job_queue, gives_out_what_has_expired_and_only_that) {
  job_queue queue;
  EXPECT_FALSE(queue.next_deadline());
  push(queue, 1, start + 1s);
  push(queue, 2, start + 2s);
  EXPECT_EQ(queue.next_deadline(), start + 1s);
  EXPECT_TRUE(queue.take_expired(start).empty());
  auto expired = queue.take_expired(start + 1s);
  ASSERT_EQ(expired.size(), 1u);
  EXPECT_EQ(expired[0].call.value, 1u);
  EXPECT_EQ(queue.next_deadline(), start + 2s);
}

TEST(job_queue, is_empty_for_ever_once_it_is_closed) {
  job_queue queue;
  push(queue, 1);
  EXPECT_EQ(queue.close().size(), 1u);
  EXPECT_FALSE(queue.take(0));
  EXPECT_EQ(queue.count().idle, 0u);
  auto item = job(2);
  EXPECT_FALSE(queue.put_back(item));
  EXPECT_EQ(item.call.value, 2u);
}

TEST(job_queue, forgets_a_connection_that_is_removed) {
  job_queue queue;
  EXPECT_FALSE(queue.take(1));
  queue.remove(1);
  auto item = job(1);
  EXPECT_FALSE(queue.push(item));
}

TEST(backoff, doubles_from_50_ms_to_a_second_with_jitter) {
  backoff pauses;
  for (auto full : {50ms, 100ms, 200ms, 400ms, 800ms, 1'000ms, 1'000ms}) {
    auto pause = pauses.next();
    EXPECT_GE(pause, full / 2);
    EXPECT_LE(pause, full);
  }
  pauses.reset();
  EXPECT_LE(pauses.next(), 50ms);
}

TEST(warning_limit, passes_one_a_second_and_counts_the_rest) {
  warning_limit limit;
  const auto held_back = [&](auto when) {
    const auto passed = limit.pass(start + when);
    return passed ? std::optional{passed->held_back} : std::nullopt;
  };
  EXPECT_EQ(held_back(0ms), 0u);
  EXPECT_FALSE(held_back(1ms));
  EXPECT_FALSE(held_back(999ms));
  EXPECT_EQ(held_back(1s), 2u);
  EXPECT_EQ(held_back(3s), 0u);
}

TEST(warning_limit, has_the_next_warning_tell_what_was_kept_last) {
  warning_limit limit;
  EXPECT_EQ(limit.pass(start)->untold, "");
  limit.keep("one");
  limit.keep("two");
  EXPECT_FALSE(limit.pass(start + 1ms));
  EXPECT_EQ(limit.pass(start + 1s)->untold, "two");
  EXPECT_EQ(limit.pass(start + 2s)->untold, "");
}

} // namespace
} // namespace troupe::storage
