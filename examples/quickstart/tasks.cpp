#include "services.hpp"

#include <map>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// The tasks of this service. It is a singleton service, so there is one such table in the cluster.
struct task_table {
  std::map<std::string, join_handle<int>, std::less<>> running;
  std::uint64_t last_id = 0;
};

constexpr std::size_t most_tasks = 10'000;

task<int> work(context& ctx, int ms) {
  auto begun = std::chrono::steady_clock::now();
  co_await ctx.sleep(ms * 1ms);
  co_return static_cast<int>((std::chrono::steady_clock::now() - begun) / 1ms);
}

// The oldest finished task makes room for a new one.
void make_room(task_table& table) {
  for (auto each = table.running.begin(); table.running.size() >= most_tasks; ++each) {
    if (each == table.running.end())
      throw error{errc::unavailable, "too many tasks are running"};
    if (each->second.finished()) {
      table.running.erase(each);
      return;
    }
  }
}

task<response> start(context& ctx, const request& req) {
  auto body = req.json();
  if (!body.is_object() || !body.contains("ms") || !body["ms"].is_number_integer()
      || body["ms"] < 0 || body["ms"] > 3'600'000)
    throw error{errc::unprocessable, "expected {\"ms\": 0 to 3600000}"};
  auto& table = ctx.local<task_table>();
  make_room(table);
  auto id = std::to_string(++table.last_id);
  table.running.emplace(id, ctx.spawn("task " + id, work(ctx, body["ms"].get<int>()))); // runs in the background
  co_return json({{"id", id}, {"state", "running"}})
    .with_status(202)
    .with_header("Location", "/tasks/" + id);
}

task<response> show_task(context& ctx, const request& req) {
  auto id = req.param<std::string>("id");
  auto& table = ctx.local<task_table>();
  auto found = table.running.find(id);
  if (found == table.running.end())
    throw error{errc::not_found, "no task " + id};
  auto handle = found->second; // a copy: the table may change while this waits
  if (auto wait = req.query<std::string>("wait", ""); !wait.empty()) {
    auto limit = parse_duration(wait);
    if (!limit || *limit > 25s) // less than the gateway gives a handler
      throw error{errc::invalid_argument, "wait is a duration of at most 25s, such as 5s or 250ms"};
    co_await handle.wait_for(*limit);
  }
  if (!handle.finished())
    co_return json({{"id", id}, {"state", "running"}, {"result", nullptr}});
  if (handle.failed())
    co_return json({{"id", id}, {"state", "failed"}, {"result", nullptr}});
  auto elapsed = co_await handle;
  co_return json({{"id", id}, {"state", "done"}, {"result", {{"elapsed_ms", elapsed}}}});
}

} // namespace

service task_service() {
  return service("tasks").singleton().post("/tasks", start).get("/tasks/{id}", show_task);
}
