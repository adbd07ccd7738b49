#include "services.hpp"

using namespace troupe;
using namespace std::chrono_literals;

namespace {

task<nlohmann::json> process(context& ctx, nlohmann::json item, std::size_t index) {
  co_await ctx.sleep(1ms); // stands for a call to somewhere
  co_return nlohmann::json{{"item", std::move(item)}, {"index", index}};
}

task<response> run_batch(context& ctx, const request& req) {
  auto body = req.json();
  if (!body.is_object() || !body.contains("items") || !body["items"].is_array()
      || body["items"].size() > 10'000)
    throw error{errc::unprocessable, "expected {\"items\": [...]} with at most 10000 items"};
  std::vector<join_handle<nlohmann::json>> running;
  for (auto& item : body["items"])
    running.push_back(ctx.spawn(process(ctx, std::move(item), running.size())));
  auto results = co_await join_all(std::move(running)); // in the items' order
  co_return json({{"count", results.size()}, {"results", results}});
}

} // namespace

service batch_service() {
  return service("batch").post("/batch", run_batch);
}
