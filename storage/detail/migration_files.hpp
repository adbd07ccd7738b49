#pragma once

#include "storage/connection.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace troupe::storage {

struct migration_file {
  std::int64_t version = 0;
  std::string name; ///< of the file
  std::string sql;  ///< with \n line ends
  std::string checksum;
};

/// The files of `folder` for this backend, in the order of their versions. Throws migration_error.
[[nodiscard]] std::vector<migration_file> read_migrations(const std::filesystem::path& folder,
                                                          backend kind);

/// SHA-256 in hexadecimal.
[[nodiscard]] std::string checksum_of(const std::string& text);

} // namespace troupe::storage
