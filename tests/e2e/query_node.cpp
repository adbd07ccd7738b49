// A node whose handlers keep the database busy in the ways in which services do.
#include <chrono>
#include <nlohmann/json.hpp>
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

task<response> slow_copy(context& ctx, const request& req) {
  auto out = ctx.db().copy_out(sleeps, req.query<double>("s"));
  co_return text((co_await out.next()).value_or("nothing"));
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

/// Rows 1 to `$1`; the database fails at the request's `fails_at`.
std::string lines_for(const request& req) {
  const auto fails_at = req.query<std::int64_t>("fails_at", 0);
  std::string sql = req.query<bool>("recursive", false)
    ? "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g LIMIT CAST($1 AS BIGINT)) "
      "SELECT i, 'row ' || i AS name FROM g"
    // In the list, as PostgreSQL makes all of one in FROM before it gives the first.
    : "SELECT i, 'row ' || i AS name FROM (SELECT generate_series(1, CAST($1 AS BIGINT)) AS i) AS g";
  if (fails_at > 0)
    sql += " WHERE abs(CASE WHEN i = " + std::to_string(fails_at)
           + " THEN CAST('-9223372036854775808' AS BIGINT) ELSE 1 END) = 1";
  return sql;
}

/// These, as lines of JSON.
task<response> lines(context& ctx, const request& req) {
  const auto count = req.query<std::int64_t>("count");
  const auto step = req.query<std::uint32_t>("step", 1'000);
  const auto sql = lines_for(req);
  co_return stream("application/jsonl", [&ctx, sql, count, step](body_writer out) -> task<void> {
    auto found = ctx.db().stream(sql, count).in_steps_of(step);
    while (auto some = co_await found.next()) {
      std::string text;
      for (auto row : *some)
        text += nlohmann::json(row).dump() + '\n';
      co_await out.write(std::move(text));
    }
  });
}

/// The same as the database writes them.
task<response> exported_lines(context& ctx, const request& req) {
  const auto count = req.query<std::int64_t>("count");
  const auto sql = lines_for(req);
  co_return stream("text/csv", [&ctx, sql, count](body_writer out) -> task<void> {
    auto found = ctx.db().copy_out(sql, count).with_header();
    while (auto piece = co_await found.next())
      co_await out.write(std::move(*piece));
  });
}

task<void> make_table(statements& on) {
  co_await on.exec("CREATE TABLE IF NOT EXISTS line (text TEXT NOT NULL)");
}

/// The body's lines as rows of the table "line"; answers with their number.
task<response> store_lines(context& ctx, const request&, body_stream body) {
  const auto count = co_await ctx.db().transact([&](transaction& tx) -> task<std::int64_t> {
    co_await make_table(tx);
    auto out = tx.copy_in("line", {"text"});
    std::string rest;
    while (auto piece = co_await body.next()) {
      rest += *piece;
      std::size_t at = 0;
      for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', at)) {
        co_await out.row(rest.substr(at, end - at));
        at = end + 1;
      }
      rest.erase(0, at);
    }
    co_return co_await out.end();
  });
  co_return json({{"rows", count}});
}

task<response> stored_lines(context& ctx, const request&) {
  auto db = ctx.db();
  co_await make_table(db);
  co_return json(
    co_await db.one("SELECT count(*) AS n, count(DISTINCT text) AS different, max(text) AS last FROM line"));
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("queries")
                  .get("/quick", quick)
                  .get("/lines", lines)
                  .get("/lines.csv", exported_lines)
                  .post("/lines", store_lines, body_limit::none())
                  .get("/stored-lines", stored_lines)
                  .get("/slow", slow)
                  .get("/slow.csv", slow_copy)
                  .get("/slow-in-transaction", slow_in_transaction)
                  .post("/give-up", give_up)
                  .post("/leak", leak)});
}
