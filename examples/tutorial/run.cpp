#include <troupe/troupe.hpp>

using namespace troupe;

task<response> hello(context&, const request&) {
  co_return text("Hello, async world!");
}

task<response> where(context& ctx, const request&) {
  co_return text("This is " + ctx.node_name());
}

int main(int argc, char** argv) {
  application app;
  app.name = "tutorial-run";
  app.version = "1.0.0";
  app.description = "The smallest program that is a node";
  app.services = {service("hello").get("/", hello).get("/where", where)};
  return run(argc, argv, std::move(app));
}
