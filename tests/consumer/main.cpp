// The handler example of the README, built against the installed package.
#include <troupe/troupe.hpp>

using namespace troupe;

task<response> hello(context&, const request&) {
  co_return text("Hello, async world!");
}

task<response> show_user(context& ctx, const request& req) {
  auto id = req.param<int>("id"); // not an int: 400, said in the body
  auto row = co_await ctx.db().one("SELECT id, name FROM users WHERE id = $1", id); // none: 404
  co_return json(row);
}

int main(int argc, char** argv) {
  return run(argc, argv, {service("hello").get("/", hello).get("/users/{id}", show_user)});
}
