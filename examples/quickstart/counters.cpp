#include "services.hpp"

#include <limits>
#include <map>

using namespace troupe;

namespace {

struct read_counter {
  std::string name;
};
struct increment {
  std::string name;
  std::int64_t by = 1;
};

// An actor: it handles one message at a time, so its state needs no lock.
struct counters {
  std::map<std::string, std::int64_t> values;

  std::int64_t handle(const read_counter& what) const {
    auto found = values.find(what.name);
    return found == values.end() ? 0 : found->second;
  }

  std::int64_t handle(const increment& what) {
    auto& value = values[what.name];
    std::int64_t sum = 0;
    if (__builtin_add_overflow(value, what.by, &sum))
      throw error{errc::conflict, "the counter would leave the range of 64 bits"};
    return value = sum;
  }
};

response show(const std::string& name, std::int64_t value) {
  return json({{"name", name}, {"value", value}});
}

task<response> get_counter(context& ctx, const request& req) {
  auto name = req.param<std::string>("name");
  co_return show(name, co_await ctx.ask(ctx.actor<counters>(), read_counter{name}));
}

task<response> add_to_counter(context& ctx, const request& req) {
  auto name = req.param<std::string>("name");
  std::int64_t by = 1;
  if (!req.body.empty()) {
    auto body = req.json();
    if (!body.is_object() || !body.contains("by") || !body["by"].is_number_integer())
      throw error{errc::unprocessable, "expected {\"by\": integer} or no body"};
    if (body["by"].is_number_unsigned()
        && body["by"].get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
      throw error{errc::unprocessable, "by does not fit into 64 bits"};
    by = body["by"].get<std::int64_t>();
  }
  co_return show(name, co_await ctx.ask(ctx.actor<counters>(), increment{name, by}));
}

} // namespace

service counter_service() {
  return service("counters")
    .singleton() // a counter is one thing, whichever node the client reaches
    .get("/counters/{name}", get_counter)
    .post("/counters/{name}", add_to_counter);
}
