#include <troupe/troupe.hpp>

#include <cstdio>

using namespace troupe;
using namespace std::chrono_literals;

task<int> price(std::string item) {
  co_await troupe::sleep(1ms); // stands for a call to somewhere
  if (item == "unicorn")
    throw error{errc::not_found, "no price for a unicorn"};
  co_return static_cast<int>(item.size());
}

task<int> total(std::vector<std::string> items) {
  int sum = 0;
  for (auto& item : items)
    sum += co_await price(item); // its result arrives here, and so does its exception
  co_return sum;
}

task<> shop(context&) {
  auto lazy = price("pear"); // nothing has run yet
  std::puts("a task begins when it is awaited");
  std::printf("pear: %d\n", co_await std::move(lazy));
  std::printf("total: %d\n", co_await total({"pear", "plum", "cherry"}));
  try {
    co_await total({"pear", "unicorn"});
  } catch (const error& failed) {
    std::printf("%s: %s\n", std::string{to_string(failed.code())}.c_str(), failed.what());
  }
}

int main() {
  block_on(shop);
}
