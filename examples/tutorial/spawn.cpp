#include <troupe/troupe.hpp>

#include <cstdio>

using namespace troupe;
using namespace std::chrono_literals;

task<int> work(context& ctx, std::string name, std::chrono::milliseconds time) {
  std::printf("%s begins\n", name.c_str());
  co_await ctx.sleep(time);
  if (name == "bad")
    throw error{errc::conflict, "bad went wrong"};
  std::printf("%s ends\n", name.c_str());
  co_return static_cast<int>(time.count());
}

task<> show(context& ctx) {
  auto one = ctx.spawn(work(ctx, "one", 40ms)); // runs at once, up to its first wait
  auto two = ctx.spawn("two", [](context& own) -> task<int> { return work(own, "two", 20ms); });
  std::puts("both are under way");
  int first = co_await one;
  int second = co_await two;
  std::printf("%d + %d\n", first, second);

  auto bad = ctx.spawn(work(ctx, "bad", 1ms));
  try {
    co_await bad;
  } catch (const error& failed) {
    std::printf("caught: %s\n", failed.what());
  }

  auto slow = ctx.spawn(work(ctx, "slow", 1h));
  std::printf("slow after 10 ms: %s\n", co_await slow.wait_for(10ms) ? "ended" : "running");
  slow.abort();
  try {
    co_await slow;
  } catch (const task_cancelled& gone) {
    std::printf("cancelled: %s\n", gone.what());
  }
}

int main() {
  block_on(show);
}
