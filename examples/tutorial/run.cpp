#include <troupe/troupe.hpp>

using namespace troupe;
using namespace std::chrono_literals;

task<response> hello(context&, const request&) {
  co_return text("Hello, async world!");
}

task<response> slow(context& ctx, const request&) {
  co_await ctx.sleep(300ms);
  co_return text("That took a moment.");
}

int main(int argc, char** argv) {
  application app;
  app.name = "tutorial-run";
  app.version = "1.0.0";
  app.description = "The smallest program that is a node";
  app.services = {service("hello").get("/", hello).get("/slow", slow)};
  return run(argc, argv, std::move(app));
}
