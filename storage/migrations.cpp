#include "storage/migrations.hpp"

#include "storage/connection.hpp"
#include "storage/detail/migration_files.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <memory>

namespace troupe::storage {

namespace {

using std::chrono::steady_clock;

/// Longer than any reasonable migration of another node.
constexpr std::chrono::seconds lock_patience{60};

struct applied_migration {
  std::string name;
  std::string checksum;
};
using applied_migrations = std::map<std::int64_t, applied_migration>;

void run(connection& on, const char* sql) {
  on.execute({sql, {}});
}

/// PostgreSQL: a lock of the session, given back when it closes. SQLite has none: there, every
/// transaction of a migration takes the file's write lock.
void lock_out_other_nodes(connection& on) {
  if (on.kind() == backend::postgres)
    run(on, "SELECT pg_advisory_lock(7460951310417)");
}

void begin(connection& on) {
  const auto until = steady_clock::now() + lock_patience;
  for (;;) {
    try {
      return run(on, "BEGIN");
    } catch (const statement_error& e) {
      // SQLite has waited for some seconds already: another node migrates.
      if (e.code() != errc::unavailable || !on.healthy() || steady_clock::now() > until)
        throw;
    }
  }
}

void make_table(connection& on) {
  run(on, "CREATE TABLE IF NOT EXISTS troupe_migrations ("
          "version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
          "applied_at TEXT NOT NULL)");
}

applied_migrations read_applied(connection& on) {
  const auto rows = on.execute({"SELECT version, name, checksum FROM troupe_migrations", {}});
  applied_migrations out;
  for (std::size_t i = 0; i < rows.cells.size(); i += 3)
    out[std::get<std::int64_t>(rows.cells[i])] = {std::get<std::string>(rows.cells[i + 1]),
                                                  std::get<std::string>(rows.cells[i + 2])};
  return out;
}

void check(const applied_migrations& applied, const std::vector<migration_file>& files) {
  std::map<std::int64_t, const migration_file*> by_version;
  for (const auto& file : files)
    by_version[file.version] = &file;
  for (const auto& [version, known] : applied) {
    const auto found = by_version.find(version);
    if (found == by_version.end())
      throw migration_error{fmt::format("migration \"{}\" was applied and is not there any more: "
                                        "put it back", known.name)};
    if (found->second->checksum != known.checksum)
      throw migration_error{fmt::format("migration \"{}\" has changed since it was applied: restore "
                                        "it and put the change in a new file",
                                        found->second->name)};
  }
  for (const auto& file : files)
    if (!applied.contains(file.version) && !applied.empty()
        && file.version < applied.rbegin()->first)
      throw migration_error{fmt::format("migration \"{}\" comes before \"{}\", which is applied "
                                        "already: give it a higher number",
                                        file.name, applied.rbegin()->second.name)};
}

void record(connection& on, const migration_file& file) {
  on.execute({"INSERT INTO troupe_migrations (version, name, checksum, applied_at) "
              "VALUES ($1, $2, $3, CAST(CURRENT_TIMESTAMP AS TEXT))",
              {file.version, file.name, file.checksum}});
}

/// False when another node has applied it meanwhile.
bool apply(connection& on, const migration_file& file) {
  begin(on);
  if (read_applied(on).contains(file.version)) {
    on.reset();
    return false;
  }
  try {
    on.run_script(file.sql);
    if (!on.in_transaction())
      throw migration_error{fmt::format("migration \"{}\" ends its transaction itself: leave out "
                                        "BEGIN, COMMIT and ROLLBACK", file.name)};
    record(on, file);
    run(on, "COMMIT");
  } catch (const statement_error& e) {
    if (on.healthy())
      on.reset();
    throw migration_error{fmt::format("migration \"{}\", {}", file.name, e.internal())};
  }
  return true;
}

migration_report migrate_with(connection& on, const std::filesystem::path& folder) {
  const auto files = read_migrations(folder, on.kind());
  lock_out_other_nodes(on);
  begin(on);
  make_table(on);
  run(on, "COMMIT");
  const auto applied = read_applied(on);
  check(applied, files);
  migration_report report{{}, applied.size()};
  for (const auto& file : files)
    if (!applied.contains(file.version) && apply(on, file)) {
      spdlog::info("migration {} applied", file.name);
      report.applied.push_back(file.name);
    }
  return report;
}

} // namespace

migration_report migrate(const config::storage_settings& settings,
                         const std::filesystem::path& folder) {
  try {
    auto patient = settings;
    patient.query_timeout = {}; // a new index may take hours
    const auto session = connect(patient);
    return migrate_with(*session, folder);
  } catch (const statement_error& e) {
    throw migration_error{fmt::format("migrations: {}", e.internal())};
  } catch (const error& e) {
    throw migration_error{fmt::format("migrations: {}", e.what())};
  }
}

} // namespace troupe::storage
