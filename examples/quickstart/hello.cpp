#include "services.hpp"

using namespace troupe;
using namespace std::chrono_literals;

namespace {

task<response> hello(context&, const request&) {
  co_return text("Hello, async world!");
}

// Waits without holding a thread: a million of these cost a timer each.
task<response> nap(context& ctx, const request& req) {
  auto ms = req.query<int>("ms", 100);
  if (ms < 0 || ms > 60'000)
    throw error{errc::invalid_argument, "ms is from 0 to 60000"};
  auto begun = std::chrono::steady_clock::now();
  co_await ctx.sleep(ms * 1ms);
  auto took = std::chrono::steady_clock::now() - begun;
  co_return json({{"requested_ms", ms}, {"elapsed_ms", took / 1ms}});
}

task<response> echo(context&, const request& req) {
  if (!req.has_body)
    throw error{errc::length_required, "send a body to be echoed"};
  response out;
  out.headers.add("Content-Type", req.header("Content-Type").value_or("application/octet-stream"));
  out.body = req.body;
  co_return out;
}

} // namespace

service hello_service() {
  return service("hello").get("/", hello).get("/sleep", nap).post("/echo", echo);
}
