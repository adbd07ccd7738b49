// bench-api: what services do beside TechEmpower's tests, for bench/run: JSON of several sizes, bodies, a table whose
// rows are listed, read, created and changed, a WebSocket. bench/servers/fastify/api.mjs is the same on Fastify.
#include <troupe/troupe.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace troupe;

namespace {

struct item {
  std::int64_t id = 0;
  std::string name;
  int price = 0;
  int quantity = 0;
};
TROUPE_COLUMNS(item, id, name, price, quantity)

struct priced_item {
  std::int64_t id = 0;
  std::string name;
  std::string category;
  int price = 0;
  int quantity = 0;
  bool active = false;
  std::int64_t total = 0;
};
TROUPE_COLUMNS(priced_item, id, name, category, price, quantity, active, total)

constexpr int most_items = 50;

const std::vector<priced_item>& stock() {
  static const auto all = [] {
    std::vector<priced_item> out;
    for (int n = 1; n <= most_items; ++n)
      out.push_back({n, "item " + std::to_string(n), n % 3 == 0 ? "electronics" : "household", 100 + n % 900, n % 100,
                     n % 2 == 0, 0});
    return out;
  }();
  return all;
}

task<response> plaintext(context&, const request&) {
  co_return text("Hello, World!");
}

/// So many items of about 100 bytes each, with what they come to.
task<response> some_json(context&, const request& req) {
  const auto count = std::clamp(req.param<int>("count"), 1, most_items);
  std::vector<priced_item> out{stock().begin(), stock().begin() + count};
  for (auto& each : out)
    each.total = std::int64_t{each.price} * each.quantity;
  co_return json(out);
}

/// How many bytes have come.
task<response> upload(context&, const request& req) {
  co_return text(std::to_string(req.body.size()));
}

item read_item(const request& req) {
  const auto body = req.json();
  if (!body.is_object() || !body.value("name", nlohmann::json{}).is_string()
      || !body.value("price", nlohmann::json{}).is_number_integer()
      || !body.value("quantity", nlohmann::json{}).is_number_integer())
    throw error{errc::unprocessable, "an item is {\"name\": text, \"price\": integer, \"quantity\": integer}"};
  return {0, body["name"], body["price"], body["quantity"]};
}

task<response> list(context& ctx, const request& req) {
  const auto behind = req.query<std::int64_t>("after", 0);
  co_return json(co_await ctx.db().query_as<item>(
    "SELECT id, name, price, quantity FROM items WHERE id > $1 ORDER BY id LIMIT 10", behind));
}

task<response> show(context& ctx, const request& req) {
  co_return json(co_await ctx.db().one_as<item>("SELECT id, name, price, quantity FROM items WHERE id = $1",
                                                req.param<std::int64_t>("id")));
}

task<response> create(context& ctx, const request& req) {
  const auto given = read_item(req);
  co_return json(co_await ctx.db().one_as<item>(
                   "INSERT INTO items (name, price, quantity) VALUES ($1, $2, $3) RETURNING id, name, price, quantity",
                   given.name, given.price, given.quantity))
    .with_status(201);
}

task<response> change(context& ctx, const request& req) {
  const auto given = read_item(req);
  co_return json(co_await ctx.db().one_as<item>(
    "UPDATE items SET name = $2, price = $3, quantity = $4 WHERE id = $1 RETURNING id, name, price, quantity",
    req.param<std::int64_t>("id"), given.name, given.price, given.quantity));
}

task<void> echo(context&, const request&, websocket socket) {
  while (auto message = co_await socket.receive())
    co_await socket.send(std::move(message->data));
}

} // namespace

int main(int argc, char** argv) {
  application app;
  app.name = "bench-api";
  app.version = "0.1.0";
  app.description = "What bench/run asks beside TechEmpower's tests";
  app.services = {service("api")
                    .get("/plaintext", plaintext)
                    .get("/json/{count}", some_json)
                    .post("/upload", upload, body_limit{2ULL << 20})
                    .get("/items", list)
                    .get("/items/{id}", show)
                    .post("/items", create)
                    .put("/items/{id}", change)
                    .websocket("/echo", echo)};
  app.migrations = "migrations/bench-api";
  return run(argc, argv, std::move(app));
}
