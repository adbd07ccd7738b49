// From the command line, the environment and a TOML file to checked settings.
#pragma once

#include "config/error.hpp"
#include "config/origin.hpp"
#include "config/settings.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::config {

/// The application that is started, as its help and version show it.
struct app_info {
  std::string name;
  std::string version;
  std::string description;
};

/// Run a gateway node; with check_only print describe() and exit with 0.
struct gateway_command {
  gateway_settings settings;
  bool check_only = false;
  origins from;
};

/// Run a worker node; with check_only print describe() and exit with 0.
struct worker_command {
  worker_settings settings;
  bool check_only = false;
  origins from;
};

/// Print the application's routes.
struct routes_command {};

/// Ask the admin listener of a running gateway, and print what it says.
struct gateway_question {
  enum class subject { nodes, routes, actors, drain };

  subject about = subject::nodes;
  endpoint admin;
  std::string admin_token;       // a secret; empty: none is shown
  bool json = false;             // print the answer as it is
  std::optional<unsigned> watch; // seconds from one answer to the next question; none: it is asked once
  std::string node;              // to drain
};

/// Apply the migrations that are new. Of the settings, those that `migrate up --help` names.
struct migrate_up_command {
  storage_settings settings;
  std::string database{default_database}; // whose they are
};

/// Print which migrations are applied, and change nothing.
struct migrate_status_command {
  storage_settings settings;
  std::string database{default_database};
};

/// Write the next file into the folder of migrations.
struct migrate_new_command {
  storage_settings settings; // only `migrations`
  std::string database{default_database};
  std::string name; // one or more of A-Z a-z 0-9 _ -
};

/// Make an authority that signs nodes.
struct cert_init_command {
  std::string folder; // empty: the present one
};

/// Make a certificate for a node, signed by that authority.
struct cert_issue_command {
  std::string folder;
  std::string name;               // of the files; see is_certificate_name in detail/text_rules.hpp
  std::vector<std::string> hosts; // names and addresses, beside this machine's own
  unsigned days = 365;
};

/// Nothing to run: print the text to standard output, exit with the code (--help, --version).
struct text_to_print {
  std::string text;
  int exit_code = 0;
};

using command =
    std::variant<gateway_command, worker_command, routes_command, gateway_question, migrate_up_command,
                 migrate_status_command, migrate_new_command, cert_init_command, cert_issue_command, text_to_print>;

/// What the user asked for. A value is taken from the flag, else from the variable, else from the
/// file of --config (or TROUPE_CONFIG), else it is the default; each layer is checked whether or
/// not a higher one hides it. `environment` is an array of "NAME=VALUE" that ends with a null
/// pointer, as `environ` is, or null for an empty one; apart from it and the file, nothing is read.
/// @throws config_error when anything is not as it should be
command parse(const app_info& app, int argc, const char* const* argv,
              const char* const* environment);

} // namespace troupe::config
