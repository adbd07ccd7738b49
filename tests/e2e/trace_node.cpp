// A node whose handlers tell what they know of the trace that they are a part of.
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <string>
#include <troupe/troupe.hpp>

namespace {

using namespace troupe;

nlohmann::json to_json(const std::optional<trace_context>& where) {
  if (!where)
    return nullptr;
  return {{"trace_id", where->trace_id()},
          {"parent_id", where->parent_id()},
          {"sampled", where->sampled()},
          {"traceparent", where->traceparent()}};
}

task<response> show(context& ctx, const request& req) {
  spdlog::info("showing");
  const auto answer = co_await ctx.db().one("SELECT 6 * $1 AS answer", 7);
  spdlog::info("shown");
  co_return json({{"request", to_json(req.trace())},
                  {"context", to_json(ctx.trace())},
                  {"tracestate", req.header("tracestate").value_or("")},
                  {"node", ctx.node_name()}});
}

task<void> tell(context& ctx) {
  co_await ctx.yield();
  spdlog::info("told by a task");
}

task<response> spawn(context& ctx, const request&) {
  co_await ctx.spawn([](context& own) { return tell(own); });
  co_return text("spawned");
}

task<response> fail(context& ctx, const request&) {
  co_await ctx.yield();
  throw std::runtime_error{"on purpose"};
}

/// Long enough for any clock.
task<response> count(context& ctx, const request&) {
  const auto last = co_await ctx.db().one(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) AS i FROM n");
  co_return json(last);
}

task<response> refuse(context& ctx, const request&) {
  co_await ctx.db().exec("INSERT INTO no_such_table VALUES (1)");
  co_return text("");
}

/// The statement as PostgreSQL has received it.
task<response> statement(context& ctx, const request&) {
  co_return json(co_await ctx.db().one("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND $1", true));
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("traces")
                  .get("/show/{name}", show)
                  .get("/spawn", spawn)
                  .get("/fail", fail)
                  .get("/count", count)
                  .get("/refuse", refuse)
                  .get("/statement", statement)});
}
