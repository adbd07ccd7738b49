#include <troupe/troupe.hpp>

#include <cstdio>

using namespace troupe;
using namespace std::chrono_literals;

task<> produce(channel<int> into) {
  for (int i = 1; i <= 4; ++i) {
    if (!into.try_send(i)) {
      std::printf("full, %d has to wait\n", i);
      co_await into.send(i);
    }
    std::printf("sent %d\n", i);
  }
  into.close(); // else the consumer waits for ever
}

task<int> consume(context& ctx, channel<int> from) {
  int sum = 0;
  while (auto value = co_await from.recv()) { // none: closed, and nothing left
    std::printf("got %d\n", *value);
    sum += *value;
    co_await ctx.sleep(20ms);
  }
  co_return sum;
}

task<> show(context& ctx) {
  channel<int> numbers{2};
  auto producer = ctx.spawn(produce(numbers));
  std::printf("sum: %d\n", co_await consume(ctx, numbers));
  co_await producer;
  std::printf("send after close: %s\n", co_await numbers.send(5) ? "taken" : "refused");
}

int main() {
  block_on(show);
}
