// A node whose handlers keep the database busy in the ways in which services do.
#include <chrono>
#include <troupe/troupe.hpp>

namespace {

using namespace std::chrono_literals;
using namespace troupe;

// The comment is what pg_stat_activity is searched for.
constexpr auto sleeps = "SELECT pg_sleep(CAST($1 AS double precision)) /* sleeper */";

task<response> quick(context& ctx, const request&) {
  co_return json(co_await ctx.db().query("SELECT 1 AS one"));
}

task<response> slow(context& ctx, const request& req) {
  static_cast<void>(co_await ctx.db().query(sleeps, req.query<double>("s")));
  co_return text("slept");
}

task<response> slow_in_transaction(context& ctx, const request& req) {
  co_await ctx.db().transact([&](transaction& tx) -> task<void> {
    co_await tx.exec("INSERT INTO mark VALUES (1)");
    static_cast<void>(co_await tx.query(sleeps, req.query<double>("s")));
  });
  co_return text("slept");
}

/// Gives up so many transactions, at whatever point they have come to by then; answers how many were through.
task<response> give_up(context& ctx, const request& req) {
  int through = 0;
  const auto count = req.query<int>("count");
  for (int i = 0; i < count; ++i)
    try {
      co_await with_timeout(std::chrono::microseconds{i % 1000},
                            ctx.db().transact([i](transaction& tx) -> task<void> {
                              co_await tx.exec("INSERT INTO mark VALUES ($1)", i);
                              static_cast<void>(co_await tx.query("SELECT count(*) FROM mark WHERE v = $1", i));
                            }));
      ++through;
    } catch (const error& e) {
      if (e.code() != errc::deadline_exceeded)
        throw;
    }
  co_return json({{"through", through}});
}

/// Begins a transaction that does nothing and goes on without the request.
task<response> leak(context& ctx, const request&) {
  static_cast<void>(ctx.spawn("leak", [](context& of) -> task<void> {
    co_await of.db().transact([&of](transaction& tx) -> task<void> {
      static_cast<void>(co_await tx.query("SELECT 1"));
      co_await of.sleep(1h);
    });
  }));
  co_return text("leaked");
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("queries")
                  .get("/quick", quick)
                  .get("/slow", slow)
                  .get("/slow-in-transaction", slow_in_transaction)
                  .post("/give-up", give_up)
                  .post("/leak", leak)});
}
