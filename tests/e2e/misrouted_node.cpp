// A node that cannot start: its services have bad patterns and contradict each other.
#include <troupe/troupe.hpp>

namespace {

troupe::task<troupe::response> answer(troupe::context&, const troupe::request&) {
  co_return troupe::text("never");
}

} // namespace

int main(int argc, char** argv) {
  using troupe::service;
  service a("a"), b("b");
  a.get("users", answer);
  a.get("/users/{id}", answer);
  b.get("/users/{name}", answer);
  return troupe::run(argc, argv, {a, b});
}
