#include <troupe/troupe.hpp>

#include <set>
#include <thread>

using namespace troupe;

struct which_thread {};
struct scout {
  std::thread::id handle(which_thread) { return std::this_thread::get_id(); }
};

// Scouts go to the node's event loops in turn.
task<response> threads(context& ctx, const request&) {
  std::set<std::thread::id> found;
  for (int i = 0; i < 16; ++i) {
    auto one = ctx.spawn_actor<scout>({.where = placement::spread});
    found.insert(co_await ctx.ask(one, which_thread{}));
    ctx.stop(one);
  }
  co_return text("event loops: " + std::to_string(found.size()) + "\n");
}

struct loop_data {
  int requests = 0;
};

task<response> count(context& ctx, const request&) {
  auto& own = ctx.local<loop_data>(); // this event loop's: no lock
  co_return text("request " + std::to_string(++own.requests) + " of this loop\n");
}

int main(int argc, char** argv) {
  return run(argc, argv, {service("threads").get("/threads", threads).get("/count", count)});
}
