// Actors written for CAF, behind routes of Troupe: function-based, class-based and typed.
#include <troupe/caf.hpp>
#include <troupe/troupe.hpp>

#include <caf/event_based_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// Function-based: answers `request` with `response` itself, so it can stand behind a route as it is.
caf::behavior greeter() {
  return {
    [](const request& req) { return text("Hello, " + req.param<std::string>("name") + "!"); },
  };
}

// Class-based, with a state of its own.
class tally : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {
      [this](const troupe::request&) { return text(std::to_string(++count_)); },
    };
  }

private:
  int count_ = 0;
};

// Typed, behind a route.
using teller = caf::typed_actor<caf::replies_to<troupe::request>::with<troupe::response>>;

teller::behavior_type tells_method() {
  return {
    [](const request& req) { return text(std::string{to_string(req.method)}); },
  };
}

// Typed, and knows nothing of HTTP: a handler asks it.
using calculator = caf::typed_actor<caf::replies_to<int, int>::with<int>>;

calculator::behavior_type adder() {
  return {
    [](int a, int b) { return a + b; },
  };
}

task<response> add(context& ctx, const request& req) {
  struct own {
    calculator adder;
  };
  auto& mine = ctx.local<own>();
  if (!mine.adder)
    mine.adder = caf_system(ctx).spawn(adder);
  co_return json({{"sum", co_await caf_ask<int>(ctx, mine.adder, 1s, req.param<int>("a"),
                                                req.param<int>("b"))}});
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("plain-caf")
                .singleton() // one tally for all
                .get("/hello/{name}", backed_by([](auto& system) { return system.spawn(greeter); }))
                .get("/tally", backed_by([](auto& system) { return system.template spawn<tally>(); }))
                .get("/method", backed_by([](auto& system) { return system.spawn(tells_method); }))
                .get("/add/{a}/{b}", add)});
}
