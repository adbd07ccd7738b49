// A node that claims a route which belongs to another service of the demo node.
#include <troupe/troupe.hpp>

namespace {

troupe::task<troupe::response> imitate(troupe::context&, const troupe::request&) {
  co_return troupe::text("not the real one");
}

} // namespace

int main(int argc, char** argv) {
  return troupe::run(argc, argv, {troupe::service("impostor").get("/", imitate)});
}
