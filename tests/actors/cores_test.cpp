#include "actors/block_on.hpp"
#include "actors/detail/cores.hpp"
#include "actors/stateful.hpp"

#include <gtest/gtest.h>

#include <sched.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace {

using namespace troupe;

std::vector<int> cores_of_this_thread() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  std::vector<int> out;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set))
      out.push_back(core);
  return out;
}

struct where_are_you {};

struct located {
  std::vector<int> handle(where_are_you) { return cores_of_this_thread(); }
};

TEST(cores, pinned_loops_have_a_core_each) {
  const auto all = cores_of_this_thread();
  const auto loops = static_cast<unsigned>(all.size());
  const auto found = block_on(
    [&](context& ctx) -> task<std::vector<int>> {
      std::vector<int> out;
      for (unsigned i = 0; i < loops; ++i) {
        const auto where =
          co_await ctx.ask(ctx.spawn_actor<located>({.where = placement::spread}), where_are_you{});
        EXPECT_EQ(where.size(), 1U);
        out.insert(out.end(), where.begin(), where.end());
      }
      co_return out;
    },
    loops, true);
  auto sorted = found;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, all);
}

TEST(cores, more_loops_than_cores_share_them) {
  const auto all = cores_of_this_thread();
  block_on(
    [&](context& ctx) -> task<void> {
      for (std::size_t i = 0; i < all.size() + 1; ++i)
        EXPECT_EQ((co_await ctx.ask(ctx.spawn_actor<located>({.where = placement::spread}),
                                    where_are_you{}))
                    .size(),
                  1U);
    },
    static_cast<unsigned>(all.size() + 1), true);
}

TEST(cores, loops_that_are_not_pinned_use_all_cores) {
  const auto all = cores_of_this_thread();
  block_on(
    [&](context&) -> task<void> {
      EXPECT_EQ(cores_of_this_thread(), all);
      co_return;
    },
    1);
}

TEST(cores, threads_for_other_work_use_all_cores_beside_pinned_loops) {
  const auto all = cores_of_this_thread();
  block_on(
    [&](context& ctx) -> task<void> {
      EXPECT_EQ(cores_of_this_thread().size(), 1U);
      EXPECT_EQ(co_await ctx.blocking(cores_of_this_thread), all);
      EXPECT_EQ(co_await ctx.compute(cores_of_this_thread), all);
      EXPECT_EQ(cores_of_this_thread().size(), 1U);
    },
    1, true);
}

TEST(cores, a_thread_that_is_let_go_for_a_while_is_kept_again) {
  const auto all = cores_of_this_thread();
  std::thread{[&] {
    detail::note_cores();
    detail::run_on_core(0);
    const std::vector<int> kept{all.front()};
    EXPECT_EQ(cores_of_this_thread(), kept);
    {
      const detail::any_core free;
      EXPECT_EQ(cores_of_this_thread(), all);
    }
    EXPECT_EQ(cores_of_this_thread(), kept);
    detail::run_on_any_core();
    EXPECT_EQ(cores_of_this_thread(), all);
  }}.join();
}

} // namespace
