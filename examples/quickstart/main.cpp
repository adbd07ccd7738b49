#include "services.hpp"

#include <troupe/troupe.hpp>

int main(int argc, char** argv) {
  troupe::application app;
  app.name = "troupe-demo";
  app.version = "0.1.0";
  app.description = "Async handlers, tasks, channels, shared state and SQL, all as actors";
  app.services = {hello_service(),    task_service(), channel_service(),
                  counter_service(), batch_service(), user_service()};
  app.migrations = "migrations/troupe-demo";
  return troupe::run(argc, argv, std::move(app));
}
