#include "storage/migrations.hpp"

#include "storage/connection.hpp"
#include "storage/detail/applied_migrations.hpp"
#include "storage/detail/migration_files.hpp"
#include "storage/detail/sql_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>

namespace troupe::storage {

namespace {

using std::chrono::steady_clock;
using migration_files = std::vector<migration_file>;
using statuses = std::vector<migration_status>;

/// Longer than any reasonable migration of another node.
constexpr std::chrono::seconds lock_patience{60};

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

statuses compare(const applied_migrations& applied, const migration_files& files) {
  std::map<std::int64_t, migration_status> all;
  for (const auto& [version, known] : applied)
    all[version] = {version, known.name, migration_state::missing, known.at};
  for (const auto& file : files) {
    auto& status = all[file.version];
    status.version = file.version;
    status.name = file.name;
    if (const auto known = applied.find(file.version); known != applied.end())
      status.state = known->second.checksum == file.checksum ? migration_state::applied
                                                             : migration_state::changed;
    else if (!applied.empty() && file.version < applied.rbegin()->first)
      status.state = migration_state::out_of_order;
  }
  statuses out;
  for (auto& [version, status] : all)
    out.push_back(std::move(status));
  return out;
}

[[noreturn]] void refuse(const migration_status& what, const applied_migrations& applied) {
  if (what.state == migration_state::missing)
    throw migration_error{fmt::format("migration \"{}\" was applied and is not there any more: "
                                      "put it back", what.name)};
  if (what.state == migration_state::changed)
    throw migration_error{fmt::format("migration \"{}\" has changed since it was applied: restore "
                                      "it and put the change in a new file", what.name)};
  throw migration_error{fmt::format("migration \"{}\" comes before \"{}\", which is applied "
                                    "already: give it a higher number",
                                    what.name, applied.rbegin()->second.name)};
}

void check(const applied_migrations& applied, const migration_files& files) {
  for (const auto& each : compare(applied, files))
    if (each.state != migration_state::applied && each.state != migration_state::pending)
      refuse(each, applied);
}

/// False when another node has applied it meanwhile.
bool apply(connection& on, const migration_files& files, const migration_file& file) {
  begin(on);
  const auto applied = read_applied(on);
  check(applied, files);
  if (applied.contains(file.version)) {
    on.reset();
    return false;
  }
  if (const auto line = line_of_transaction_statement(file.sql); line != 0) {
    on.reset();
    throw migration_error{fmt::format("migration \"{}\", line {}: it is run in a transaction of its own: leave out "
                                      "BEGIN, COMMIT and ROLLBACK", file.name, line)};
  }
  try {
    on.run_script(file.sql);
    if (!on.in_transaction())
      throw migration_error{fmt::format("migration \"{}\" ends its transaction itself: leave out "
                                        "BEGIN, COMMIT and ROLLBACK", file.name)};
    // What a file has set is for itself: those behind it find the same whether they are applied together with it or
    // another day, and so does the table of what was applied.
    on.restore_settings();
    record_applied(on, file);
    run(on, "COMMIT");
  } catch (const statement_error& e) {
    if (on.healthy())
      on.reset();
    throw migration_error{fmt::format("migration \"{}\", {}", file.name, e.internal())};
  }
  return true;
}

migration_report migrate_with(connection& on, const std::filesystem::path& folder,
                              const std::function<void(const std::string& name)>& on_applied) {
  const auto files = read_migrations(folder, on.kind());
  lock_out_other_nodes(on);
  begin(on);
  make_migrations_table(on);
  run(on, "COMMIT");
  const auto applied = read_applied(on);
  check(applied, files);
  migration_report report;
  for (const auto& file : files) {
    if (applied.contains(file.version) || !apply(on, files, file)) {
      ++report.known;
      continue;
    }
    report.applied.push_back(file.name);
    if (on_applied)
      on_applied(file.name);
  }
  return report;
}

/// What the database says becomes the line for the operator.
template <class F>
auto told_in_one_line(F what) {
  try {
    return what();
  } catch (const statement_error& e) {
    throw migration_error{fmt::format("migrations: {}", e.internal())};
  } catch (const error& e) {
    throw migration_error{fmt::format("migrations: {}", e.what())};
  }
}

} // namespace

migration_report migrate(const config::storage_settings& settings,
                         const std::filesystem::path& folder,
                         const std::function<void(const std::string& name)>& on_applied) {
  auto patient = settings;
  patient.query_timeout = {}; // a new index may take hours
  return told_in_one_line([&] { return migrate_with(*connect(patient), folder, on_applied); });
}

std::vector<migration_status> migrations_in(const config::storage_settings& settings,
                                            const std::filesystem::path& folder) {
  return told_in_one_line([&] {
    const auto files = read_migrations(folder, backend_of(settings.url));
    const auto session = connect_to_read(settings);
    return compare(session && has_migrations_table(*session) ? read_applied(*session)
                                                             : applied_migrations{},
                   files);
  });
}

std::string to_string(migration_state state) {
  switch (state) {
  case migration_state::applied: return "applied";
  case migration_state::pending: return "pending";
  case migration_state::out_of_order: return "out of order";
  case migration_state::changed: return "changed";
  case migration_state::missing: return "missing";
  }
  return {};
}

} // namespace troupe::storage
