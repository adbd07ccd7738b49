#pragma once

#include "config/settings.hpp"
#include "node/run.hpp"

#include <string>

namespace troupe::detail {

// The application's migrations: at the start of a node, and from the command line. All of these
// block, and throw storage::migration_error, or config::config_error where there is no folder, with
// one clear line. The commands print to standard output and give the exit status.

/// At the start of a node: logs what it applies; nothing happens where the application has none.
void apply_migrations(const application& app, const config::storage_settings& storage);

/// `migrate up`: a line for each file that it applies, and one that sums up.
int migrate_up(const application& app, const config::storage_settings& storage);

/// `migrate status`: a table; 0 when all are applied as they are, else 1.
int migrate_status(const application& app, const config::storage_settings& storage);

/// `migrate new`: the path of the file.
int migrate_new(const application& app, const config::storage_settings& storage,
                const std::string& name);

} // namespace troupe::detail
