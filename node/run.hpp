#pragma once

#include "actors/service.hpp"

#include <string>
#include <vector>

namespace troupe {

/// A program made of services.
struct application {
  /// Shown by --help and --version; empty: the program's file name.
  std::string name;
  std::string version = "0.0.0";
  std::string description;
  std::vector<service> services;
  /// Folder of NNN_name.sql files, applied at start; a relative one is looked up beside the
  /// program's file. Empty: the application has none. The setting storage.migrations overrides it.
  std::string migrations;
};

/// The whole of main(): reads the command line (`gateway`, `worker`, `routes`, `migrate up`, `migrate
/// status`, `migrate new`, `nodes`, `actors`, `drain`, `cert`, --help, --version), runs the node until SIGTERM or SIGINT, ends what is in
/// flight, gives the exit status: 0 after an orderly end; 2 when the node cannot start as it is
/// configured (a wrong setting, a port in use, a migration that fails or whose database is away,
/// services with bad names or patterns, or that contradict each other); 1 for anything else, `migrate
/// status` among it where not all migrations are applied as they are. Prints its own errors.
/// Handlers may log with spdlog's functions: they write to the node's log, on standard error.
int run(int argc, char** argv, application app);

/// The same for an application that is only its services.
int run(int argc, char** argv, std::vector<service> services);

} // namespace troupe
