#include "world.hpp"

#include <algorithm>
#include <charconv>
#include <random>
#include <unordered_map>

using namespace troupe;

namespace {

constexpr int world_size = 10'000;
constexpr int most_queries = 500;

int random_id() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_int_distribution<int>{1, world_size}(engine);
}

// The rules: anything that is no number counts as 1, the rest is brought into 1 to 500.
int count_of(const request& req, std::string_view name) {
  std::string text;
  try {
    text = req.raw_query(name).value_or("");
  } catch (const error&) { // not even percent-encoding: no number either
  }
  int count = 1;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (end != text.data() + text.size())
    return 1;
  if (ec == std::errc::result_out_of_range)
    return text.starts_with('-') ? 1 : most_queries;
  return std::clamp(count, 1, most_queries);
}

struct world {
  int id = 0;
  int randomNumber = 0; // as the rules spell it
};
TROUPE_COLUMNS(world, id, randomNumber)

task<world> load(statements& db, int id) {
  return db.one_as<world>(R"(SELECT id, randomnumber AS "randomNumber" FROM world WHERE id = $1)", id);
}

task<world> load_any(context& ctx) {
  auto db = ctx.db();
  co_return co_await load(db, random_id());
}

// Not for the benchmark, whose rules want a statement for each row: with those of other requests. PostgreSQL.
task<world> load_together(context& ctx) {
  co_return co_await ctx.db().coalesce("id").one_as<world>(
    R"(SELECT id, randomnumber AS "randomNumber" FROM world WHERE id = ANY($1))", random_id());
}

using loader = task<world> (*)(context&);

// Each row is read by its own statement, all of them at once.
task<std::vector<world>> load_many(context& ctx, int count, loader load_one = load_any) {
  std::vector<join_handle<world>> running;
  for (int i = 0; i < count; ++i)
    running.push_back(ctx.spawn(load_one(ctx)));
  co_return co_await join_all(std::move(running));
}

task<response> single(context& ctx, const request&) {
  co_return json(co_await load_any(ctx));
}

task<response> queries(context& ctx, const request& req) {
  co_return json(co_await load_many(ctx, count_of(req, "queries")));
}

task<response> single_together(context& ctx, const request&) {
  co_return json(co_await load_together(ctx));
}

task<response> queries_together(context& ctx, const request& req) {
  co_return json(co_await load_many(ctx, count_of(req, "queries"), load_together));
}

// What `updates` answers. In the order of ids, so that two requests never wait for each other in a circle.
task<std::vector<world>> load_and_change(context& ctx, const request& req, loader load_one = load_any) {
  auto all = co_await load_many(ctx, count_of(req, "queries"), load_one);
  for (auto& each : all)
    each.randomNumber = random_id();
  std::sort(all.begin(), all.end(), [](const world& a, const world& b) { return a.id < b.id; });
  co_return all;
}

task<response> store(context& ctx, std::vector<world> all) {
  co_await ctx.db().transact([&all](transaction& tx) -> task<void> {
    for (const auto& each : all)
      co_await tx.exec("UPDATE world SET randomnumber = $2 WHERE id = $1", each.id,
                       each.randomNumber);
  });
  co_return json(all);
}

task<response> updates(context& ctx, const request& req) {
  co_return co_await store(ctx, co_await load_and_change(ctx, req));
}

task<response> updates_read_together(context& ctx, const request& req) {
  co_return co_await store(ctx, co_await load_and_change(ctx, req, load_together));
}

// All changes of a request in one statement, which the rules allow. PostgreSQL.
task<response> updates_in_one(context& ctx, const request& req) {
  const auto all = co_await load_and_change(ctx, req);
  std::vector<int> ids;
  std::vector<int> numbers;
  for (const auto& each : all) {
    ids.push_back(each.id);
    numbers.push_back(each.randomNumber);
  }
  co_await ctx.db().exec(
    "UPDATE world SET randomnumber = new.value "
    "FROM (SELECT DISTINCT ON (id) * FROM unnest($1::int[], $2::int[]) AS given(id, value) ORDER BY id) AS new "
    "WHERE world.id = new.id",
    ids, numbers);
  co_return json(all);
}

// Each worker actor has its own cache: no lock, and after a while no query.
struct world_cache {
  std::unordered_map<int, world> known;
};

task<response> cached_queries(context& ctx, const request& req) {
  std::vector<world> out;
  for (int left = count_of(req, "count"); left > 0; --left) {
    auto id = random_id();
    auto& known = ctx.local<world_cache>().known;
    if (auto found = known.find(id); found != known.end()) {
      out.push_back(found->second);
      continue;
    }
    auto db = ctx.db();
    auto loaded = co_await load(db, id);
    ctx.local<world_cache>().known.insert_or_assign(id, loaded);
    out.push_back(loaded);
  }
  co_return json(out);
}

} // namespace

service world_service() {
  return service("world")
    .get("/db", single)
    .get("/queries", queries)
    .get("/updates", updates)
    .get("/batched/updates", updates_in_one)
    .get("/cached-queries", cached_queries)
    .get("/coalesced/db", single_together)
    .get("/coalesced/queries", queries_together)
    .get("/coalesced/updates", updates_read_together);
}
