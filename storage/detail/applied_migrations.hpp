#pragma once

#include "storage/connection.hpp"
#include "storage/detail/migration_files.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace troupe::storage {

struct applied_migration {
  std::string name;
  std::string checksum;
  std::string at; ///< ISO 8601, UTC
};
using applied_migrations = std::map<std::int64_t, applied_migration>;

// The table troupe_migrations: a row for each file that has been applied. All of these throw
// statement_error.

[[nodiscard]] bool has_migrations_table(connection& on);

/// Nothing happens when there is one.
void make_migrations_table(connection& on);

/// REQUIRES: the table.
[[nodiscard]] applied_migrations read_applied(connection& on);

/// The time is the transaction's. REQUIRES: the table.
void record_applied(connection& on, const migration_file& file);

} // namespace troupe::storage
