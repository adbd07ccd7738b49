#include <troupe/troupe.hpp>

#include <cstdio>

using namespace troupe;
using namespace std::chrono_literals;

task<> nap(context& ctx, std::chrono::milliseconds time) {
  co_await ctx.sleep(time);
}

task<> show(context& ctx) {
  auto begun = std::chrono::steady_clock::now();
  std::vector<task<>> naps;
  for (int i = 0; i < 10'000; ++i)
    naps.push_back(nap(ctx, 200ms));
  co_await join_all(std::move(naps));
  auto took = std::chrono::steady_clock::now() - begun;
  std::printf("10000 naps of 200 ms, at least 200 ms: %s, less than 20 s: %s\n",
              took >= 200ms ? "yes" : "no", took < 20s ? "yes" : "no");

  interval every{20ms};
  for (int tick = 1; tick <= 3; ++tick) {
    co_await every.tick();
    std::printf("tick %d\n", tick);
  }

  try {
    co_await with_timeout(50ms, nap(ctx, 1h));
  } catch (const error& late) {
    std::printf("%s: %s\n", std::string{to_string(late.code())}.c_str(), late.what());
  }
}

int main() {
  block_on(show, 1); // all of this on one thread
}
