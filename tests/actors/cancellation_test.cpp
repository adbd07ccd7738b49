// An actor that ends with tens of thousands of coroutines that wait for something.
#include "actors/channel.hpp"
#include "storage/database.hpp"
#include "tests/actors/runner.hpp"
#include "tests/support/figure.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <malloc.h>

namespace troupe::test {
namespace {

using namespace std::chrono_literals;

constexpr int of_each = 10'000;

struct never {
  channel<int> gate;
};
struct silent {
  task<void> handle(context&, never what) { co_await what.gate.recv(); }
};

task<> in_sleep(context& ctx, token) { co_await ctx.sleep(1h); }
task<> in_channel(channel<int> gate, token) { co_await gate.recv(); }
task<> in_ask(context& ctx, actor_ref<silent> whom, channel<int> gate, token) {
  co_await ctx.ask(whom, never{gate});
}
task<> in_query(context& ctx, token) { co_await ctx.db().query("SELECT 1"); }

class waiting_coroutines : public testing::Test {
protected:
  config::storage_settings settings() const {
    config::storage_settings out;
    out.url = "sqlite:" + (folder_.path() / "test.db").string();
    out.max_connections = 1;
    out.acquire_timeout = 600s;
    return out;
  }

  /// Has them all wait, then ends their actor; gives how many were destroyed.
  long round() {
    const auto owner = bench_.spawn_runner(database_);
    const auto held = make_token();
    bench_.run_on(owner, [&](context& ctx) -> task<> {
      channel<int> gate{1};
      const auto whom = ctx.spawn_actor<silent>({.mailbox = 0});
      for (int i = 0; i < of_each; ++i) {
        static_cast<void>(ctx.spawn(in_sleep(ctx, held)));
        static_cast<void>(ctx.spawn(in_channel(gate, held)));
        static_cast<void>(ctx.spawn(in_ask(ctx, whom, gate, held)));
        static_cast<void>(ctx.spawn(in_query(ctx, held)));
      }
      co_return;
    });
    const auto alive = held.use_count() - 1;
    bench_.end(owner);
    return alive - (held.use_count() - 1);
  }

  temp_directory folder_;
  loop_bench bench_;
  caf::actor database_ = bench_.own(storage::spawn_database(bench_.loop(), settings()));
};

/// The only connection, taken until it is let go: queries wait meanwhile.
class held_connection {
public:
  held_connection(loop_bench& bench, const caf::actor& holder) : bench_(bench), holder_(holder) {
    bench_.run_on(holder_, [release = release_](context& ctx) -> task<> {
      channel<int> begun{1};
      static_cast<void>(ctx.spawn([=](context& c) mutable -> task<> {
        co_await c.db().transact([=](transaction&) mutable -> task<void> {
          begun.close();
          co_await release.recv();
        });
      }));
      co_await begun.recv();
    });
  }
  /// Returns when all statements that were waiting have been carried out, first come, first served.
  void let_go() {
    release_.close();
    bench_.run_on(holder_, [](context& ctx) -> task<> {
      co_await ctx.db().query("SELECT 1");
      co_await settle();
    });
  }

private:
  loop_bench& bench_;
  caf::actor holder_;
  channel<int> release_{1};
};

TEST_F(waiting_coroutines, are_all_destroyed_with_their_actor_and_leave_no_memory_behind) {
  const auto holder = bench_.spawn_runner(database_);
  const auto once = [&] {
    held_connection held{bench_, holder};
    EXPECT_EQ(round(), 4 * of_each);
    held.let_go();
    return mallinfo2().uordblks;
  };
  const auto before = once(); // has filled the free lists of the loop
  const auto after = once();
  figure("bytes_in_use_before", static_cast<long long>(before));
  figure("bytes_in_use_after", static_cast<long long>(after));
  // Nothing of 40,000 coroutines, which held about 20 MB; blocks of the allocator's own may differ.
  EXPECT_LE(after, before + std::size_t{64} * 1024);
}

} // namespace
} // namespace troupe::test
