#include "config/parse.hpp"

#include "config/detail/checks.hpp"
#include "config/detail/command_line.hpp"
#include "config/detail/file.hpp"
#include "config/detail/layers.hpp"
#include "config/detail/text_rules.hpp"
#include "config/detail/wording.hpp"
#include "config/secrets.hpp"

namespace troupe::config {
namespace {

using namespace detail;

struct config_file {
  std::string path;
  std::string content;
};

std::optional<config_file> find_file(const arguments& given, const variables& environment) {
  if (given.config_file)
    return config_file{*given.config_file, read_file(config_flag, *given.config_file)};
  const auto variable = environment.find(config_variable);
  if (variable == environment.end()) return std::nullopt;
  return config_file{variable->second, read_file(config_variable, variable->second)};
}

/// Fills and checks `own`; `other` is what a file or an environment may hold for other commands.
template <class Settings>
origins fill(Settings& settings, std::vector<setting> own, std::vector<setting> other,
             const arguments& given, const variables& environment) {
  layered_settings layers{std::move(own), std::move(other), {}};
  for (const auto& target : layers.own)
    layers.from[key_of(*target.what)] = {};
  const auto file = find_file(given, environment);
  if (file) apply_file(layers, file->path, file->content);
  apply_environment(layers, environment);
  apply_flags(layers, given.given);
  check(settings, layers.from);
  return std::move(layers.from);
}

template <class Command, class OtherSettings>
Command node_command(const arguments& given, const variables& environment) {
  Command result;
  OtherSettings unused;
  result.from = fill(result.settings, settings_of(result.settings), settings_of(unused), given,
                     environment);
  result.check_only = given.check_only;
  return result;
}

template <class Command>
Command migrate_command(std::vector<setting> (&own)(storage_settings&), const arguments& given,
                        const variables& environment) {
  Command result;
  gateway_settings gateway;
  worker_settings worker;
  auto unused = settings_of(gateway);
  for (const auto& each : settings_of(worker))
    unused.push_back(each);
  fill(result.settings, own(result.settings), std::move(unused), given, environment);
  return result;
}

std::string migration_name(const arguments& given) {
  constexpr std::string_view expected =
      "a name of the characters A-Z a-z 0-9 _ - such as add_users";
  if (!given.operand) throw config_error("migrate new", "no name", expected);
  if (!is_migration_name(*given.operand))
    throw config_error("migrate new", in_quotes(mask_secrets(*given.operand)), expected);
  return *given.operand;
}

} // namespace

command parse(const app_info& app, int argc, const char* const* argv,
              const char* const* environment) {
  auto read = read_arguments(app, argc, argv);
  if (auto* text = std::get_if<text_to_print>(&read)) return std::move(*text);
  const auto& given = std::get<arguments>(read);
  const auto variables = troupe_variables(environment);
  switch (given.run) {
    case role::gateway:
      return node_command<gateway_command, worker_settings>(given, variables);
    case role::worker:
      return node_command<worker_command, gateway_settings>(given, variables);
    case role::migrate_up:
      return migrate_command<migrate_up_command>(settings_of_migrations, given, variables);
    case role::migrate_status:
      return migrate_command<migrate_status_command>(settings_of_migrations, given, variables);
    case role::migrate_new: {
      auto name = migration_name(given);
      auto result = migrate_command<migrate_new_command>(setting_of_folder, given, variables);
      result.name = std::move(name);
      return result;
    }
    case role::routes:
      break;
  }
  return routes_command{};
}

} // namespace troupe::config
