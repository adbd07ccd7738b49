#include "actors/task.hpp"

#include "actors/messages/frame_allocator.hpp"
#include "tests/actors/runner.hpp"
#include "tests/support/sanitizer.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <stdexcept>
#include <thread>

namespace troupe::test {
namespace {

constexpr bool frames_are_recycled = built_with != sanitizer::address;
constexpr int many = built_with == sanitizer::address ? 100'000 : 1'000'000;

/// Where a coroutine waits until the test resumes it.
struct gate {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> who) noexcept { waiting = who; }
  void await_resume() const noexcept {}
  std::coroutine_handle<> waiting;
};

template <class T>
T finish(task<T> work) {
  end_flag end;
  work.start(end);
  EXPECT_TRUE(end.ended);
  return work.take();
}

task<int> number(int value) {
  co_return value;
}

task<int> failing(std::string text) {
  throw std::runtime_error{text};
  co_return 0;
}

task<int> add_one(task<int> inner) {
  co_return 1 + co_await std::move(inner);
}

TEST(task, starts_when_it_is_awaited_and_not_before) {
  bool started = false;
  auto work = [](bool& flag) -> task<> {
    flag = true;
    co_return;
  }(started);
  EXPECT_FALSE(started);
  finish(std::move(work));
  EXPECT_TRUE(started);
}

TEST(task, that_was_never_started_destroys_its_arguments) {
  auto held = make_token();
  {
    auto work = [](token) -> task<> { co_return; }(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(task, gives_its_result_through_every_level) {
  EXPECT_EQ(finish(add_one(add_one(number(40)))), 42);
  auto owner = [](int value) -> task<std::unique_ptr<int>> {
    co_return std::make_unique<int>(value);
  };
  EXPECT_EQ(*finish(owner(7)), 7);
}

TEST(task, takes_its_result_from_braces) {
  struct point {
    int x, y;
  };
  auto made = []() -> task<point> { co_return {1, 2}; }();
  end_flag ended;
  made.start(ended);
  EXPECT_EQ(made.take().y, 2);
}

TEST(task, gives_its_exception_to_the_one_who_awaits) {
  EXPECT_EQ(finish(outcome(add_one(add_one(failing("deep"))))), "deep");
  EXPECT_EQ(finish(outcome(number(1))), "no error");
  EXPECT_THROW(static_cast<void>(finish(failing("top"))), std::runtime_error);
}

TEST(task, resumes_where_it_waited_and_tells_its_end_once) {
  gate door;
  int steps = 0;
  auto work = [](gate& at, int& count) -> task<int> {
    ++count;
    co_await at;
    ++count;
    co_return 5;
  }(door, steps);
  end_flag end;
  work.start(end);
  EXPECT_EQ(steps, 1);
  EXPECT_FALSE(end.ended);
  door.waiting.resume();
  EXPECT_EQ(steps, 2);
  EXPECT_TRUE(end.ended);
  EXPECT_EQ(work.take(), 5);
}

TEST(task, awaits_one_after_the_other_without_growing_the_stack) {
  auto sum = [](int count) -> task<std::int64_t> {
    std::int64_t total = 0;
    for (int i = 0; i < count; ++i)
      total += co_await number(i);
    co_return total;
  };
  EXPECT_EQ(finish(sum(many)), std::int64_t{many} * (many - 1) / 2);
}

task<int> depth(int below) {
  if (below == 0)
    co_return 0;
  const int inner = co_await depth(below - 1);
  co_return inner + 1;
}

TEST(task, awaits_one_inside_the_other_without_growing_the_stack) {
  EXPECT_EQ(finish(depth(many)), many);
}

/// Writes its name down when it is destroyed.
struct named {
  named(std::vector<std::string>& l, std::string n) : list(l), name(std::move(n)) {}
  named(const named&) = delete;
  ~named() { list.push_back(name); }
  std::vector<std::string>& list;
  std::string name;
};

task<> nested(std::vector<std::string>& list, gate& door, int level) {
  named here{list, "level " + std::to_string(level)};
  if (level == 0)
    co_await door;
  else
    co_await nested(list, door, level - 1);
  list.push_back("resumed");
}

TEST(task, destroyed_while_it_waits_destroys_all_nested_frames_inside_out) {
  const std::vector<std::string> inside_out{"level 0", "level 1", "level 2"};
  for (const auto* how : {"reset", "assigned", "out of scope"}) {
    std::vector<std::string> list;
    gate door;
    end_flag end;
    {
      auto work = nested(list, door, 2);
      work.start(end);
      EXPECT_TRUE(list.empty());
      if (how == std::string{"reset"})
        work.reset();
      if (how == std::string{"assigned"})
        work = {};
    }
    EXPECT_EQ(list, inside_out) << how;
    EXPECT_FALSE(end.ended) << how;
  }
}

TEST(task, moves_its_coroutine_along) {
  auto held = make_token();
  auto first = [](token) -> task<int> { co_return 3; }(held);
  auto second = std::move(first);
  EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(second);
  auto& same = second;
  second = std::move(same);
  EXPECT_TRUE(second);
  EXPECT_EQ(finish(std::move(second)), 3);
  EXPECT_EQ(held.use_count(), 1);
}

/// What GCC before 14 destroys twice in `co_await f(message{text})`.
struct message {
  std::string text;
  token held;
};

TEST(task, destroys_a_temporary_in_an_await_expression_once) {
  auto held = make_token();
  auto length = [](message what) -> task<std::size_t> { co_return what.text.size(); };
  auto work = [&]() -> task<std::size_t> {
    co_return co_await length(message{std::string(100, 'x'), held});
  };
  EXPECT_EQ(finish(work()), 100u);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(frame_allocator, gives_whole_aligned_blocks_of_every_size) {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (std::size_t size = 1; size < 6000; size += 61) {
    auto* block = detail::allocate_frame(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0u);
    std::memset(block, static_cast<int>(size % 251), size);
    blocks.emplace_back(block, size);
  }
  for (const auto& [block, size] : blocks) {
    const auto* bytes = static_cast<unsigned char*>(block);
    EXPECT_EQ(bytes[0], size % 251);
    EXPECT_EQ(bytes[size - 1], size % 251);
    detail::free_frame(block, size);
  }
}

TEST(frame_allocator, uses_a_freed_block_again_for_a_frame_of_its_class) {
  if (!frames_are_recycled)
    GTEST_SKIP() << "AddressSanitizer sees a use after free only without recycling";
  auto* first = detail::allocate_frame(1000);
  detail::free_frame(first, 1000);
  EXPECT_EQ(detail::allocate_frame(1000), first);
  detail::free_frame(first, 1000);
  auto* other = detail::allocate_frame(960);
  EXPECT_NE(other, first);
  detail::free_frame(other, 960);
}

TEST(frame_allocator, keeps_a_block_on_the_thread_that_freed_it) {
  if (!frames_are_recycled)
    GTEST_SKIP() << "AddressSanitizer sees a use after free only without recycling";
  auto* block = detail::allocate_frame(2000);
  void* taken = nullptr;
  std::thread{[&] {
    detail::free_frame(block, 2000);
    taken = detail::allocate_frame(2000);
    detail::free_frame(taken, 2000);
  }}.join();
  EXPECT_EQ(taken, block);
}

/// Made before the thread's lists, so destroyed after them.
struct late_frame {
  ~late_frame() { *out = detail::allocate_frame(1); }
  void** out = nullptr;
};

TEST(frame_allocator, gives_blocks_of_their_class_also_while_a_thread_ends) {
  void* block = nullptr;
  std::thread{[&] {
    thread_local late_frame late;
    late.out = &block;
    detail::free_frame(detail::allocate_frame(1), 1); // makes the lists
  }}.join();
  ASSERT_NE(block, nullptr);
  // It joins the list of this thread, which gives it to any frame of the class.
  const auto usable = malloc_usable_size(block);
  detail::free_frame(block, 1);
  if (frames_are_recycled) {
    auto* again = detail::allocate_frame(64);
    EXPECT_TRUE(again != block || usable >= 64) << "64 bytes in a block of " << usable;
    detail::free_frame(again, 64);
  }
}

} // namespace
} // namespace troupe::test
