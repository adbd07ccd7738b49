#include "config/parse.hpp"

#include "config/detail/checks.hpp"
#include "config/detail/command_line.hpp"
#include "config/detail/database_names.hpp"
#include "config/detail/file.hpp"
#include "config/detail/layers.hpp"
#include "config/detail/text_rules.hpp"
#include "config/detail/wording.hpp"
#include "config/secrets.hpp"

#include <charconv>
#include <fmt/format.h>
#include <system_error>

namespace troupe::config {
namespace {

using namespace detail;

struct config_file {
  std::string path;
  toml_document content;
};

std::optional<config_file> find_file(const arguments& given, const variables& environment) {
  if (given.config_file)
    return config_file{*given.config_file,
                       read_document(*given.config_file, read_file(config_flag, *given.config_file))};
  const auto variable = environment.find(config_variable);
  if (variable == environment.end()) return std::nullopt;
  return config_file{variable->second,
                     read_document(variable->second, read_file(config_variable, variable->second))};
}

/// The layers, and the databases that they name.
struct layers_given {
  layers_given(const arguments& arguments, const variables& variables)
      : flags(arguments), environment(variables), file(find_file(arguments, variables)),
        databases(arguments.databases) {
    find_databases(databases, environment);
    if (file) find_databases(databases, file->path, file->content);
  }

  const arguments& flags;
  const variables& environment;
  std::optional<config_file> file;
  database_names databases;
};

/// Fills `own`; `other` is what a file or an environment may hold for other commands.
origins fill(std::vector<setting> own, std::vector<setting> other, const layers_given& given) {
  layered_settings layers{std::move(own), std::move(other), {}};
  for (const auto& target : layers.own)
    layers.from[key_of(*target.what)] = {};
  if (given.file) apply_file(layers, given.file->path, given.file->content);
  apply_environment(layers, given.environment);
  apply_flags(layers, given.flags.given);
  return std::move(layers.from);
}

/// The same, and checks `settings`, which they are of.
template <class Settings>
origins fill(Settings& settings, std::vector<setting> own, std::vector<setting> other,
             const layers_given& given) {
  auto from = fill(std::move(own), std::move(other), given);
  check(settings, from);
  return from;
}

/// What files and environments hold for nodes, for commands that are none.
struct node_settings {
  explicit node_settings(const named_databases& databases) {
    gateway.databases = worker.databases = databases;
  }

  std::vector<setting> all() {
    auto out = settings_of(gateway);
    for (const auto& each : settings_of(worker))
      out.push_back(each);
    return out;
  }

  gateway_settings gateway;
  worker_settings worker;
};

template <class Command, class OtherSettings>
Command node_command(const arguments& arguments, const variables& environment) {
  const layers_given given(arguments, environment);
  Command result;
  OtherSettings unused;
  result.settings.databases = unused.databases = with_defaults(given.databases);
  result.from = fill(result.settings, settings_of(result.settings), settings_of(unused), given);
  require_urls(result.settings.databases, given.databases);
  result.check_only = arguments.check_only;
  return result;
}

/// The database that the command is for.
storage_settings& database_of(database_settings& all, const std::string& name) {
  if (name == default_database) return all.storage;
  const auto found = all.databases.find(name);
  if (found != all.databases.end()) return found->second;
  std::vector<std::string> names{std::string(default_database)};
  for (const auto& each : all.databases)
    names.push_back(each.first);
  throw config_error(database_flag, in_quotes(name),
                     "one of the databases: " + any_of_them(names));
}

template <class Command>
Command migrate_command(std::vector<setting> (&own)(database_settings&), const arguments& arguments,
                        const variables& environment) {
  const layers_given given(arguments, environment);
  database_settings all;
  all.databases = with_defaults(given.databases);
  node_settings unused(all.databases);
  fill(all, own(all), unused.all(), given);
  if (arguments.run != role::migrate_new) require_urls(all.databases, given.databases);
  Command result;
  result.database = arguments.database.value_or(std::string(default_database));
  result.settings = std::move(database_of(all, result.database));
  return result;
}

unsigned seconds_of(const std::string& text) {
  constexpr unsigned by_default = 2;
  constexpr unsigned longest = 3600;
  if (text.empty()) return by_default;
  unsigned seconds = 0;
  const auto* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, seconds);
      read.ec != std::errc{} || read.ptr != end || seconds == 0 || seconds > longest)
    throw config_error(watch_flag, in_quotes(text),
                       fmt::format("nothing, or whole seconds from 1 to {}", longest));
  return seconds;
}

gateway_question question(gateway_question::subject about, const arguments& arguments,
                          const variables& environment) {
  gateway_question result;
  result.about = about;
  if (about == gateway_question::subject::drain) {
    if (!arguments.operand || arguments.operand->empty())
      throw config_error("drain", "no node", "the name of a worker node, as nodes prints it");
    result.node = *arguments.operand;
  }
  if (arguments.watch) result.watch = seconds_of(*arguments.watch);
  result.json = arguments.json;
  const layers_given given(arguments, environment);
  node_settings unused(with_defaults(given.databases));
  admin_settings how;
  fill(settings_of(how), unused.all(), given);
  result.admin = std::move(how.admin);
  result.admin_token = std::move(how.admin_token);
  return result;
}

/// Of a running cluster where a flag says which, else the application's own.
command routes(const arguments& given, const variables& environment) {
  if (given.given.contains(admin_flag))
    return question(gateway_question::subject::routes, given, environment);
  std::string_view in_vain;
  if (given.config_file) in_vain = config_flag;
  if (!given.given.empty()) in_vain = given.given.begin()->first;
  if (given.watch) in_vain = watch_flag;
  if (given.json) in_vain = json_flag;
  if (!in_vain.empty())
    throw config_error(in_vain, "it without --admin", "--admin HOST:PORT of a running gateway as well");
  return routes_command{};
}

std::string migration_name(const arguments& given) {
  constexpr std::string_view expected =
      "a name of the characters A-Z a-z 0-9 _ - such as add_users";
  if (!given.operand) throw config_error("migrate new", "no name", expected);
  if (!is_migration_name(*given.operand))
    throw config_error("migrate new", in_quotes(mask_secrets(*given.operand)), expected);
  return *given.operand;
}

std::string certificate_name(const arguments& given) {
  constexpr std::string_view expected =
      "a name of 1 to 64 of the characters A-Z a-z 0-9 . _ -, the first a letter or a digit, other than ca";
  if (!given.operand) throw config_error("cert issue", "no name", expected);
  if (!is_certificate_name(*given.operand)) throw config_error("cert issue", in_quotes(*given.operand), expected);
  return *given.operand;
}

std::optional<std::string> value_of(const arguments& given, std::string_view flag) {
  const auto found = given.given.find(std::string(flag));
  if (found == given.given.end()) return std::nullopt;
  return only_value(found->first, found->second);
}

cert_init_command cert_init(const arguments& given) {
  return {value_of(given, dir_flag).value_or(std::string())};
}

cert_issue_command cert_issue(const arguments& given) {
  cert_issue_command result;
  result.name = certificate_name(given);
  result.folder = value_of(given, dir_flag).value_or(std::string());
  if (const auto hosts = given.given.find(std::string(host_flag)); hosts != given.given.end())
    result.hosts = hosts->second;
  for (const auto& host : result.hosts)
    if (!is_host(host)) throw config_error(host_flag, in_quotes(host), a_host);
  if (const auto days = value_of(given, days_flag)) {
    const auto* end = days->data() + days->size();
    const auto [read, failed] = std::from_chars(days->data(), end, result.days);
    if (failed != std::errc{} || read != end || result.days < 1 || result.days > 3650)
      throw config_error(days_flag, in_quotes(*days), some_days);
  }
  return result;
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
      auto result = migrate_command<migrate_new_command>(settings_of_folders, given, variables);
      result.name = std::move(name);
      return result;
    }
    case role::cert_init:
      return cert_init(given);
    case role::cert_issue:
      return cert_issue(given);
    case role::nodes:
      return question(gateway_question::subject::nodes, given, variables);
    case role::actors:
      return question(gateway_question::subject::actors, given, variables);
    case role::drain:
      return question(gateway_question::subject::drain, given, variables);
    case role::routes:
      break;
  }
  return routes(given, variables);
}

} // namespace troupe::config
