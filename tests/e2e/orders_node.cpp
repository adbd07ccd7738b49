// A node for tests of idempotency keys: orders that are made, by themselves and in one transaction with their answers.
// Each time that one is begun is a line in the file that the environment variable ORDERS_FILE names; where the body is
// "wait", it goes on as soon as there is a file ORDERS_GATE.
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <troupe/troupe.hpp>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using namespace troupe;

task<void> begin(context& ctx, const request& req) {
  const auto line = std::string{req.header("Idempotency-Key").value_or("")} + "\n";
  const int file = ::open(std::getenv("ORDERS_FILE"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0 || ::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw error{errc::unavailable, "the file cannot be written"};
  ::close(file);
  while (req.body == "wait" && ::access(std::getenv("ORDERS_GATE"), F_OK) != 0)
    co_await ctx.sleep(2ms);
}

response made(const std::string& key) {
  return json({{"key", key}, {"pid", ::getpid()}}).with_status(201).with_header("Location", "/orders/" + key);
}

task<response> prepare(context& ctx, const request&) {
  co_await ctx.db().exec("CREATE TABLE IF NOT EXISTS orders (key TEXT NOT NULL)");
  co_return status(204);
}

task<response> create(context& ctx, const request& req) {
  co_await begin(ctx, req);
  const std::string key{*req.header("Idempotency-Key")};
  co_await ctx.db().exec("INSERT INTO orders (key) VALUES ($1)", key);
  co_return made(key);
}

task<response> create_exactly(context& ctx, const request& req) {
  co_return co_await idempotent_transaction(ctx, req, [&](transaction& tx) -> task<response> {
    const std::string key{*req.header("Idempotency-Key")};
    co_await tx.exec("INSERT INTO orders (key) VALUES ($1)", key);
    co_await begin(ctx, req);
    co_return made(key);
  });
}

task<response> count(context& ctx, const request&) {
  co_return json(co_await ctx.db().one("SELECT count(*) AS rows, count(DISTINCT key) AS keys FROM orders"));
}

/// Of all nodes; PostgreSQL only.
task<response> open_transactions(context& ctx, const request&) {
  co_return json(co_await ctx.db().one("SELECT count(*) AS n FROM pg_stat_activity WHERE xact_start IS NOT NULL "
                                       "AND datname = current_database() AND pid <> pg_backend_pid()"));
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv, {service("orders")
                            .put("/table", prepare)
                            .get("/orders", count)
                            .get("/open-transactions", open_transactions)
                            .post("/orders", create)
                            .idempotency_key()
                            .post("/exact", create_exactly)
                            .idempotency_key()});
}
