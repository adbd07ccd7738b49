// A node for the measurements of clusters: GET and POST /work answer after as many milliseconds as the environment
// variable WORK_MS says, or at once.
#include <chrono>
#include <cstdlib>
#include <troupe/troupe.hpp>
#include <unistd.h>

namespace {

using namespace troupe;

std::chrono::milliseconds time_of_work() {
  const char* text = std::getenv("WORK_MS");
  return std::chrono::milliseconds{text ? std::atoi(text) : 0};
}

task<response> work(context& ctx, const request&) {
  static const auto takes = time_of_work();
  if (takes.count() > 0)
    co_await ctx.sleep(takes);
  co_return json({{"pid", ::getpid()}});
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv, {service("work").get("/work", work).post("/work", work)});
}
