#include "storage/detail/applied_migrations.hpp"

#include "storage/detail/iso_time.hpp"

namespace troupe::storage {

bool has_migrations_table(connection& on) {
  const char* sql = on.kind() == backend::postgres
                      ? "SELECT count(*) FROM pg_catalog.pg_class "
                        "WHERE oid = to_regclass('troupe_migrations')"
                      : "SELECT count(*) FROM sqlite_schema WHERE name = 'troupe_migrations'";
  return std::get<std::int64_t>(on.execute({sql, {}}).cells.at(0)) != 0;
}

void make_migrations_table(connection& on) {
  on.execute({"CREATE TABLE IF NOT EXISTS troupe_migrations ("
              "version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
              "applied_at TEXT NOT NULL)",
              {}});
}

applied_migrations read_applied(connection& on) {
  const auto rows =
    on.execute({"SELECT version, name, checksum, applied_at FROM troupe_migrations", {}});
  applied_migrations out;
  for (std::size_t i = 0; i < rows.cells.size(); i += 4)
    out[std::get<std::int64_t>(rows.cells[i])] = {
      std::get<std::string>(rows.cells[i + 1]), std::get<std::string>(rows.cells[i + 2]),
      to_iso_time(std::get<std::string>(rows.cells[i + 3]), true)};
  return out;
}

void record_applied(connection& on, const migration_file& file) {
  on.execute({"INSERT INTO troupe_migrations (version, name, checksum, applied_at) "
              "VALUES ($1, $2, $3, CAST(CURRENT_TIMESTAMP AS TEXT))",
              {file.version, file.name, file.checksum}});
}

} // namespace troupe::storage
