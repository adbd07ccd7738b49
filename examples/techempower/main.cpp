#include "world.hpp"

#include <troupe/troupe.hpp>

#include <string>

using namespace troupe;

namespace {

task<response> plaintext(context&, const request&) {
  response out;
  out.headers.add("Content-Type", "text/plain");
  out.body = "Hello, World!";
  co_return out;
}

struct greeting {
  std::string message;
};
TROUPE_COLUMNS(greeting, message)

// A struct becomes text at once; json({{"message", ...}}) would build a document first.
task<response> json_message(context&, const request&) {
  co_return json(greeting{"Hello, World!"});
}

} // namespace

int main(int argc, char** argv) {
  application app;
  app.name = "techempower";
  app.version = "0.1.0";
  app.description = "The TechEmpower framework benchmark tests";
  app.services = {service("plain").get("/plaintext", plaintext).get("/json", json_message),
                  world_service(), fortune_service()};
  app.migrations = "migrations/techempower";
  return run(argc, argv, std::move(app));
}
