#include <troupe/troupe.hpp>

#include <cstdio>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

int read_slowly(int value) {
  std::this_thread::sleep_for(200ms); // stands for a library that blocks
  return value;
}

task<> show(context& ctx) {
  auto loop = std::this_thread::get_id();
  auto elsewhere = co_await ctx.blocking([] { return std::this_thread::get_id(); });
  std::printf("on the event loop's thread: %s\n", elsewhere == loop ? "yes" : "no");
  std::printf("back on it: %s\n", std::this_thread::get_id() == loop ? "yes" : "no");

  auto slow = ctx.spawn(ctx.blocking([] { return read_slowly(7); }));
  int ticks = 0;
  for (interval every{5ms}; !slow.finished(); ++ticks)
    co_await every.tick();
  std::printf("result %d, the loop went on: %s\n", co_await slow, ticks > 1 ? "yes" : "no");

  auto begun = std::chrono::steady_clock::now();
  std::vector<task<int>> four;
  for (int i = 0; i < 4; ++i)
    four.push_back(ctx.blocking([i] { return read_slowly(i); }));
  auto values = co_await join_all(std::move(four));
  auto took = std::chrono::steady_clock::now() - begun;
  std::printf("%zu calls, beside each other: %s\n", values.size(), took < 800ms ? "yes" : "no");

  try {
    co_await ctx.blocking([] { throw error{errc::not_found, "no such file"}; });
  } catch (const error& failed) {
    std::printf("failed: %s\n", failed.what());
  }
}

int main() {
  block_on(show);
}
