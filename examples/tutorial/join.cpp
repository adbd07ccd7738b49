#include <troupe/troupe.hpp>

#include <cstdio>

using namespace troupe;
using namespace std::chrono_literals;

task<int> after(std::chrono::milliseconds time, int value) {
  co_await troupe::sleep(time);
  if (value < 0)
    throw error{errc::unavailable, "no answer for " + std::to_string(value)};
  co_return value;
}

task<std::string> name() {
  co_return "Ada";
}

task<> show(context& ctx) {
  std::vector<task<int>> all;
  for (int i = 1; i <= 3; ++i)
    all.push_back(after(40ms - i * 10ms, i));
  for (int value : co_await join_all(std::move(all)))
    std::printf("join_all: %d\n", value); // in the order of the tasks

  auto [who, age] = co_await join_all(name(), after(10ms, 36));
  std::printf("join_all: %s, %d\n", who.c_str(), age);

  auto first = co_await race(after(1h, 1), after(10ms, 2)); // the other one is destroyed
  std::printf("race: the one with index %zu\n", first.index());

  join_set<int> set{ctx};
  for (int i = 1; i <= 3; ++i)
    set.spawn(after(40ms - i * 10ms, i));
  while (auto value = co_await set.next())
    std::printf("join_set: %d\n", *value); // as they end

  try {
    co_await join_all(after(1ms, 1), after(1ms, -1));
  } catch (const error& failed) {
    std::printf("failed: %s\n", failed.what());
  }
}

int main() {
  block_on(show);
}
