#pragma once

#include "storage/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace troupe::storage {

struct migration_file {
  std::int64_t version = 0;
  std::string name; ///< of the file
  std::string sql;  ///< with \n line ends
  std::string checksum;
};

/// What a name says: NNN_name.sql, NNN_name.sqlite.sql or NNN_name.postgres.sql.
struct migration_name {
  std::int64_t version = 0;
  std::size_t digits = 0;      ///< of the version, as it is written
  std::optional<backend> only; ///< none: for both
};

/// None for a file that is no SQL. Throws migration_error for one with a name of another shape.
[[nodiscard]] std::optional<migration_name> parse_migration_name(const std::string& name);

/// The files of `folder` for this backend, in the order of their versions. Throws migration_error.
[[nodiscard]] std::vector<migration_file> read_migrations(const std::filesystem::path& folder,
                                                          backend kind);

/// SHA-256 in hexadecimal.
[[nodiscard]] std::string checksum_of(const std::string& text);

} // namespace troupe::storage
