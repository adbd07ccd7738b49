#include "node/detail/migrate.hpp"

#include "config/error.hpp"
#include "node/detail/log_setup.hpp"
#include "node/detail/node_base.hpp"
#include "node/detail/print.hpp"
#include "storage/migrations.hpp"
#include "storage/new_migration.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

namespace troupe::detail {

namespace {

namespace fs = std::filesystem;

bool is_default(const migrated_database& database) {
  return database.name == config::default_database;
}

/// "storage", "databases.reports".
std::string section_of(const migrated_database& database) {
  return (is_default(database) ? "" : "databases.") + std::string{database.name};
}

/// "--storage-migrations DIR".
std::string flag_for(const migrated_database& database) {
  auto section = section_of(database);
  std::replace_if(section.begin(), section.end(), [](char c) { return c == '.' || c == '_'; }, '-');
  return "--" + section + "-migrations DIR";
}

/// Empty: there is none.
fs::path folder_of(const application& app, const migrated_database& database) {
  if (!database.settings.migrations.empty())
    return database.settings.migrations;
  fs::path own = is_default(database) ? app.migrations : "";
  if (!own.empty() && own.is_relative())
    own = fs::read_symlink("/proc/self/exe").parent_path() / own;
  return own;
}

fs::path folder_or_refusal(const application& app, const migrated_database& database) {
  auto folder = folder_of(app, database);
  if (folder.empty())
    throw config::config_error(section_of(database) + ".migrations",
                               is_default(database) ? "no folder, and the application has none" : "no folder",
                               "the path of a folder, as " + flag_for(database));
  return folder;
}

/// What a build has copied beside the program it copies again next time: no place for a new file.
fs::path folder_for_new_files(const application& app, const migrated_database& database) {
  const bool has_lasting_one = is_default(database) && fs::path{app.migrations}.is_absolute();
  if (database.settings.migrations.empty() && !has_lasting_one)
    throw config::config_error(section_of(database) + ".migrations", "no folder",
                               "the path of the folder in the sources, as " + flag_for(database));
  return folder_of(app, database);
}

void apply_to(const application& app, const migrated_database& database, const std::string& told_as) {
  const auto folder = folder_of(app, database);
  if (folder.empty())
    return;
  if (database.settings.read_only)
    return spdlog::info("{}migrations are not applied: the database is only read", told_as);
  storage::migrate(database.settings, folder,
                   [&](const auto& name) { spdlog::info("{}migration {} applied", told_as, name); });
}

/// Nothing but errors, which are printed by run().
void be_a_command() {
  end_at_stop_signal();
  config::log_settings log;
  log.level = config::log_level::warn;
  set_up_log(log);
}

std::string state_of(const storage::migration_status& what) {
  const auto state = storage::to_string(what.state);
  if (what.applied_at.empty())
    return state;
  if (what.state == storage::migration_state::applied)
    return fmt::format("{} {}", state, what.applied_at);
  return fmt::format("{} (applied {})", state, what.applied_at);
}

std::string table_of(const std::vector<storage::migration_status>& all) {
  std::size_t width = std::string_view{"name"}.size();
  for (const auto& each : all)
    width = std::max(width, each.name.size());
  auto out = fmt::format("{:>7}  {:<{}}  {}\n", "version", "name", width, "state");
  for (const auto& each : all)
    out += fmt::format("{:>7}  {:<{}}  {}\n", each.version, each.name, width, state_of(each));
  return out;
}

} // namespace

void apply_migrations(const application& app, const config::storage_settings& storage,
                      const config::named_databases& databases) {
  const auto told_as = [&](std::string_view name) {
    return databases.empty() ? std::string{} : fmt::format("database {}: ", name);
  };
  apply_to(app, {config::default_database, storage}, told_as(config::default_database));
  for (const auto& [name, settings] : databases)
    try {
      apply_to(app, {name, settings}, told_as(name));
    } catch (const storage::migration_error& e) {
      throw storage::migration_error{told_as(name) + e.what()};
    }
}

int migrate_up(const application& app, const migrated_database& database) {
  be_a_command();
  if (database.settings.read_only)
    throw config::config_error(section_of(database) + ".read_only", "true",
                               "false: migrations change the database");
  const auto folder = folder_or_refusal(app, database);
  const auto report = storage::migrate(database.settings, folder, [](const auto& name) {
    print(fmt::format("applied {}\n", name), 0);
  });
  return print(fmt::format("up to date: {} applied now, {} before\n", report.applied.size(),
                           report.known),
               0);
}

int migrate_status(const application& app, const migrated_database& database) {
  be_a_command();
  const auto all = storage::migrations_in(database.settings, folder_or_refusal(app, database));
  const bool up_to_date = std::all_of(all.begin(), all.end(), [](const auto& each) {
    return each.state == storage::migration_state::applied;
  });
  return print(table_of(all), up_to_date ? 0 : exit_failure);
}

int migrate_new(const application& app, const migrated_database& database,
                const std::string& name) {
  const auto path = storage::new_migration(folder_for_new_files(app, database), name);
  return print(path.string() + '\n', 0);
}

} // namespace troupe::detail
