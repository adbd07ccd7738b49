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

/// Empty: there is none.
fs::path folder_of(const application& app, const config::storage_settings& storage) {
  if (!storage.migrations.empty())
    return storage.migrations;
  fs::path own = app.migrations;
  if (!own.empty() && own.is_relative())
    own = fs::read_symlink("/proc/self/exe").parent_path() / own;
  return own;
}

fs::path folder_or_refusal(const application& app, const config::storage_settings& storage) {
  auto folder = folder_of(app, storage);
  if (folder.empty())
    throw config::config_error("storage.migrations", "no folder, and the application has none",
                               "the path of a folder, as --storage-migrations DIR");
  return folder;
}

/// What a build has copied beside the program it copies again next time: no place for a new file.
fs::path folder_for_new_files(const application& app, const config::storage_settings& storage) {
  if (storage.migrations.empty() && !fs::path{app.migrations}.is_absolute())
    throw config::config_error(
      "storage.migrations", "no folder",
      "the path of the folder in the sources, as --storage-migrations DIR");
  return folder_of(app, storage);
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

void apply_migrations(const application& app, const config::storage_settings& storage) {
  if (const auto folder = folder_of(app, storage); !folder.empty())
    storage::migrate(storage, folder,
                     [](const auto& name) { spdlog::info("migration {} applied", name); });
}

int migrate_up(const application& app, const config::storage_settings& storage) {
  be_a_command();
  const auto folder = folder_or_refusal(app, storage);
  const auto report = storage::migrate(storage, folder, [](const auto& name) {
    print(fmt::format("applied {}\n", name), 0);
  });
  return print(fmt::format("up to date: {} applied now, {} before\n", report.applied.size(),
                           report.known),
               0);
}

int migrate_status(const application& app, const config::storage_settings& storage) {
  be_a_command();
  const auto all = storage::migrations_in(storage, folder_or_refusal(app, storage));
  const bool up_to_date = std::all_of(all.begin(), all.end(), [](const auto& each) {
    return each.state == storage::migration_state::applied;
  });
  return print(table_of(all), up_to_date ? 0 : exit_failure);
}

int migrate_new(const application& app, const config::storage_settings& storage,
                const std::string& name) {
  const auto path = storage::new_migration(folder_for_new_files(app, storage), name);
  return print(path.string() + '\n', 0);
}

} // namespace troupe::detail
