#pragma once

#include "config/settings.hpp"
#include "node/run.hpp"

#include <string>
#include <string_view>

namespace troupe::detail {

// The application's migrations: at the start of a node, and from the command line. All of these
// block, and throw storage::migration_error, or config::config_error where there is no folder, with
// one clear line. The commands print to standard output and give the exit status.

/// A database, by its name in the settings.
struct migrated_database {
  std::string_view name;
  const config::storage_settings& settings;
};

/// At the start of a node, for each database that has a folder and is not only read: logs what it applies. The
/// application's own folder is for the default one.
void apply_migrations(const application& app, const config::storage_settings& storage,
                      const config::named_databases& databases);

/// `migrate up`: a line for each file that it applies, and one that sums up.
int migrate_up(const application& app, const migrated_database& database);

/// `migrate status`: a table; 0 when all are applied as they are, else 1.
int migrate_status(const application& app, const migrated_database& database);

/// `migrate new`: the path of the file.
int migrate_new(const application& app, const migrated_database& database,
                const std::string& name);

} // namespace troupe::detail
