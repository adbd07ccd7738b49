#pragma once

#include "config/settings.hpp"

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::storage {

/// Migrations that cannot be applied; what() is one line for the operator, without secrets.
class migration_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

struct migration_report {
  std::vector<std::string> applied; ///< file names, in the order in which they were applied now
  std::size_t known = 0;            ///< those that had been applied before
};

/// Applies what is new in `folder`: files NNN_name.sql in the order of their numbers, each in one
/// transaction, each recorded in the table troupe_migrations. NNN_name.sqlite.sql or
/// NNN_name.postgres.sql replaces the plain file on that backend. Numbers may have gaps.
///
/// Blocks. Nodes that start at the same time wait for each other (at most a minute on SQLite).
/// Throws migration_error: an unreadable folder or database, a file name of another shape, a number
/// used twice, an applied file that has changed or is gone (SHA-256, line ends do not count), a new
/// file with a number below one applied already, a file that fails (with line or statement where
/// the database tells; nothing of that file stays) or that ends its transaction itself.
migration_report migrate(const config::storage_settings& settings,
                         const std::filesystem::path& folder);

} // namespace troupe::storage
