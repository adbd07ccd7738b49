#include <troupe/troupe.hpp>

#include <cstdio>

using namespace troupe;
using namespace std::chrono_literals;

struct deposit {
  int amount;
};
struct balance {};

// One message at a time, also while a handler waits: no lock.
struct account {
  int cents = 0;

  task<int> handle(context& ctx, deposit what) {
    if (what.amount <= 0)
      throw error{errc::invalid_argument, "a deposit is more than 0"};
    int before = cents;
    co_await ctx.sleep(1ms); // a race, if another message could come in between
    co_return cents = before + what.amount;
  }
  int handle(balance) const { return cents; }
};

task<> show(context& ctx) {
  auto shared = ctx.spawn_actor<account>({.name = "account", .where = placement::spread}, 100);
  std::vector<task<int>> deposits;
  for (int i = 0; i < 50; ++i)
    deposits.push_back(ctx.ask(shared, deposit{2}));
  co_await join_all(std::move(deposits));
  std::printf("balance: %d\n", co_await ctx.ask(shared, balance{}));

  ctx.tell(shared, deposit{1}); // waits for nothing
  std::printf("balance: %d\n", co_await ctx.ask(shared, balance{}));
  try {
    co_await ctx.ask(shared, deposit{-5});
  } catch (const error& refused) {
    std::printf("refused: %s\n", refused.what());
  }
}

int main() {
  block_on(show);
}
