#pragma once

#include "tests/support/deadline.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace troupe::test {

/// The folder of initdb, postgres and psql: TROUPE_TEST_PG_BIN, or Debian's newest; none where
/// PostgreSQL is not installed.
std::optional<std::filesystem::path> postgres_programs();

/// What PostgreSQL's programs get on a machine that is busy with other things; reached only by a
/// failing test.
inline constexpr milliseconds program_limit = 120s;

/// Runs SQL through psql and returns what it prints, unadorned. Throws with psql's message.
std::string run_sql(const std::string& url, const std::string& sql);

} // namespace troupe::test
