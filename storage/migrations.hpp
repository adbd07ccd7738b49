#pragma once

#include "config/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
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
  std::size_t known = 0;            ///< those that had been applied before, or by another node
};

/// Applies what is new in `folder`: files NNN_name.sql in the order of their numbers, each in one
/// transaction, each recorded in the table troupe_migrations. NNN_name.sqlite.sql or
/// NNN_name.postgres.sql replaces the plain file on that backend. Numbers may have gaps. Calls
/// `on_applied` with the name of each file right after it has been applied.
///
/// Blocks. Nodes that start at the same time wait for each other (at most a minute on SQLite).
/// Throws migration_error: an unreadable folder or database, a file name of another shape, a number
/// used twice, an applied file that has changed or is gone (SHA-256, line ends do not count), a new
/// file with a number below one applied already, a file that fails (with its line; nothing of that
/// file stays) or that ends its transaction itself.
migration_report migrate(const config::storage_settings& settings,
                         const std::filesystem::path& folder,
                         const std::function<void(const std::string& name)>& on_applied = {});

enum class migration_state : std::uint8_t {
  applied,
  pending,
  out_of_order, ///< new, with a number below one that is applied: migrate() refuses it
  changed,      ///< since it was applied: migrate() refuses it
  missing,      ///< applied, and not in the folder any more: migrate() refuses that
};

/// "applied", "out of order".
[[nodiscard]] std::string to_string(migration_state state);

struct migration_status {
  std::int64_t version = 0;
  std::string name; ///< of the file; of one that is missing, as it was when it was applied
  migration_state state = migration_state::pending;
  std::string applied_at; ///< ISO 8601, UTC; empty: it is not
};

/// What of `folder` is applied, in the order of versions. Changes nothing in the database and makes
/// none: where there is no table troupe_migrations, or no SQLite file, all are pending.
///
/// Blocks. Throws migration_error for what cannot be read, as migrate() does.
[[nodiscard]] std::vector<migration_status>
migrations_in(const config::storage_settings& settings, const std::filesystem::path& folder);

} // namespace troupe::storage
