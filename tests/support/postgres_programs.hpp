#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace troupe::test {

/// The folder of initdb, postgres and psql: TROUPE_TEST_PG_BIN, or Debian's newest; none where
/// PostgreSQL is not installed.
std::optional<std::filesystem::path> postgres_programs();

/// Runs SQL through psql and returns what it prints, unadorned. Throws with psql's message.
std::string run_sql(const std::string& url, const std::string& sql);

} // namespace troupe::test
