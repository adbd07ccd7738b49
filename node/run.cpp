#include "node/run.hpp"

#include "config/describe.hpp"
#include "config/parse.hpp"
#include "node/detail/cert.hpp"
#include "node/detail/ask_gateway.hpp"
#include "node/detail/gateway_node.hpp"
#include "node/detail/migrate.hpp"
#include "node/detail/print.hpp"
#include "node/detail/worker_node.hpp"
#include "storage/migrations.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>

namespace troupe {

namespace {

using detail::exit_failure;
using detail::exit_wrong_configuration;
using detail::print;

int refuse(const std::string& name, const char* why, int status) {
  fmt::print(stderr, "{}: {}\n", name, why);
  return status;
}

std::string routes_table(const application& app) {
  std::string out;
  for (const auto& service : app.services)
    for (const auto& route : service.routes())
      out += fmt::format("{:<8}{:<32}{}{}\n", to_string(route.method), route.pattern.text(),
                         service.name(), service.is_singleton() ? " (singleton)" : "");
  return out;
}

/// What `run` does for each command.
struct runner {
  const application& app;

  int operator()(const config::gateway_command& what) const {
    return what.check_only ? print(config::describe(what), 0)
                           : detail::run_gateway(app, what.settings);
  }
  int operator()(const config::worker_command& what) const {
    return what.check_only ? print(config::describe(what), 0)
                           : detail::run_worker(app, what.settings);
  }
  int operator()(const config::routes_command&) const { return print(routes_table(app), 0); }
  int operator()(const config::gateway_question& what) const { return detail::ask_gateway(what); }
  int operator()(const config::migrate_up_command& what) const {
    return detail::migrate_up(app, {what.database, what.settings});
  }
  int operator()(const config::migrate_status_command& what) const {
    return detail::migrate_status(app, {what.database, what.settings});
  }
  int operator()(const config::migrate_new_command& what) const {
    return detail::migrate_new(app, {what.database, what.settings}, what.name);
  }
  int operator()(const config::cert_init_command& what) const { return detail::cert_init(app, what); }
  int operator()(const config::cert_issue_command& what) const { return detail::cert_issue(what); }
  int operator()(const config::text_to_print& what) const {
    return print(what.text, what.exit_code);
  }
};

std::string program_name(const char* argv0) {
  return argv0 != nullptr ? std::filesystem::path{argv0}.filename().string() : "troupe";
}

} // namespace

int run(int argc, char** argv, application app) {
  if (app.name.empty())
    app.name = program_name(argc > 0 ? argv[0] : nullptr);
  try {
    const auto problems = check_services(app.services);
    for (const auto& each : problems)
      refuse(app.name, each.c_str(), exit_wrong_configuration);
    if (!problems.empty())
      return exit_wrong_configuration;
    return std::visit(runner{app},
                      config::parse({app.name, app.version, app.description}, argc, argv, environ));
  } catch (const config::config_error& e) {
    return refuse(app.name, e.what(), exit_wrong_configuration);
  } catch (const storage::migration_error& e) {
    return refuse(app.name, e.what(), exit_wrong_configuration);
  } catch (const std::exception& e) {
    return refuse(app.name, e.what(), exit_failure);
  }
}

int run(int argc, char** argv, std::vector<service> services) {
  application app;
  app.services = std::move(services);
  return run(argc, argv, std::move(app));
}

} // namespace troupe
