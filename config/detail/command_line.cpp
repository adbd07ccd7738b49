#include "config/detail/command_line.hpp"

#include "config/detail/values.hpp"
#include "config/detail/wording.hpp"
#include "config/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace troupe::config::detail {
namespace {

constexpr std::size_t help_column = 38;
constexpr const char* layers_note =
    "\nA value is taken from the flag, else from the environment variable, else from the file,\n"
    "else it is the default.\n"
    "Each further database has such settings of its own, as databases.NAME.url: --databases-NAME-url,\n"
    "TROUPE_DATABASES_NAME_URL.";

std::string help_of(const setting& target) {
  const auto& what = *target.what;
  const auto allowed = range(target);
  const auto value = to_text(target);
  return fmt::format("{}\n{}{}default {}; {}, {}", what.help, allowed, allowed.empty() ? "" : "; ",
                     value.empty() ? "none" : value, variable_of(what), key_of(what));
}

// Each value is kept as text, however often its flag is given: what is wrong is said elsewhere.
void add_flag(CLI::App& command, const setting& target) {
  const auto help = help_of(target);
  const auto flag = flag_of(*target.what);
  auto* option = target.what->form == flag_form::value
                     ? command.add_option(flag, help)->type_name(hint(target))
                     : command.add_flag(flag, help);
  option->group(fmt::format("[{}]", target.what->section));
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (is_list(target))
    option->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(false);
}

void add_groups(CLI::App& app) {
  for (const auto& each : command_groups) {
    auto* group = app.add_subcommand(std::string(each.word), std::string(each.help));
    group->allow_extras();
    group->require_subcommand(0, 1);
  }
}

void add_output_flags(CLI::App& to, const known_command& command) {
  const std::string json_help = "Print what the gateway answers, as JSON";
  to.add_flag(std::string(json_flag), json_help)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (!command.may_watch()) return;
  to.add_option(std::string(watch_flag), "Print it again and again, until Ctrl-C; default 2")
      ->type_name("[SECONDS]")
      ->expected(0, 1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_command(CLI::App& to, const known_command& command) {
  auto* added = to.add_subcommand(command.name, command.help);
  added->allow_extras();
  const std::string operand_help(command.operand_help);
  if (!command.operand.empty()) added->add_option(std::string(command.operand), operand_help);
  for (const auto& flag : command.flags) {
    const std::string help(flag.help);
    added->add_option(std::string(flag.name), help)
        ->type_name(std::string(flag.hint))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->expected(1, CLI::detail::expected_max_vector_size)
        ->allow_extra_args(false);
  }
  if (command.settings.empty()) return;
  const auto file_help = fmt::format("TOML file to read settings from; {}", config_variable);
  added->add_option(std::string(config_flag), file_help)
      ->type_name("FILE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  const std::string check_help = "Check the configuration, print the settings in effect and exit";
  if (command.is_node())
    added->add_flag(std::string(check_flag), check_help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (command.is_migration())
    added->add_option(std::string(database_flag), "Name of the database; without, it is the default one")
        ->type_name("NAME")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (command.asks_gateway()) add_output_flags(*added, command);
  for (const auto& target : command.settings)
    add_flag(*added, target);
  added->footer(layers_note);
}

// CLI11 takes the next flag for a value that is missing, after "--flag=" too: so look beforehand.
void find_missing_values(const known_commands& known, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    const auto name = name_before_equals(argument);
    if (argument == fmt::format("{}=", watch_flag)) throw config_error(watch_flag, "an empty value", "seconds");
    const auto wanted = known.value_of(name);
    if (wanted.empty()) continue;
    if (argument.size() == name.size() + 1) throw config_error(name, "an empty value", wanted);
    if (argument.size() > name.size()) continue;
    ++i;
    if (i >= argc || std::string_view(argv[i]).starts_with("--"))
      throw config_error(name, "no value", wanted);
  }
}

bool is_true(const std::string& flag, const std::string& value) {
  if (value == "true" || value == "false") return value == "true";
  throw config_error(flag, in_quotes(value), "no value");
}

arguments collect(const known_command& known, const CLI::App& command) {
  arguments result;
  result.run = known.run;
  for (const auto* option : command.get_options()) {
    if (option->count() == 0) continue;
    if (option->get_positional())
      result.operand = option->results().front();
    else
      result.given["--" + option->get_single_name()] = option->results();
  }
  if (auto file = result.given.extract(std::string(config_flag)); !file.empty())
    result.config_file = only_value(file.key(), file.mapped());
  if (auto database = result.given.extract(std::string(database_flag)); !database.empty())
    result.database = only_value(database.key(), database.mapped());
  if (auto check = result.given.extract(std::string(check_flag)); !check.empty())
    result.check_only = is_true(check.key(), only_value(check.key(), check.mapped()));
  if (auto json = result.given.extract(std::string(json_flag)); !json.empty())
    result.json = is_true(json.key(), only_value(json.key(), json.mapped()));
  if (auto watch = result.given.extract(std::string(watch_flag)); !watch.empty())
    result.watch = only_value(watch.key(), watch.mapped());
  return result;
}

/// `group` is the word that `given` stands for, if it is not the program.
arguments command_given(const known_commands& known, const CLI::App& given,
                        std::string_view group = {}) {
  if (const auto early = given.remaining(false); !early.empty())
    known.refuse_before_command(early.front(), group);
  for (const auto& candidate : known.all()) {
    if (candidate.group != group || !given.got_subcommand(candidate.name)) continue;
    const auto& command = *given.get_subcommand(candidate.name);
    if (const auto rest = command.remaining(false); !rest.empty())
      known.refuse_after(candidate, rest.front());
    return collect(candidate, command);
  }
  for (const auto& each : command_groups)
    if (const std::string word(each.word); group.empty() && given.got_subcommand(word))
      return command_given(known, *given.get_subcommand(word), each.word);
  known.refuse_no_command(group);
}

} // namespace

std::string only_value(const std::string& flag, const std::vector<std::string>& values) {
  if (values.size() == 1) return values.front();
  throw config_error(flag, fmt::format("it {} times", values.size()), "it once");
}

std::variant<arguments, text_to_print> read_arguments(const app_info& info, int argc,
                                                      const char* const* argv) {
  database_names databases;
  find_databases(databases, argc, argv);
  const known_commands known(info.name, with_defaults(databases));
  CLI::App app(info.description, info.name);
  app.allow_extras();
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(help_column);
  const std::string version_help = "Print the version and exit";
  const auto* version = app.add_flag("--version", version_help);
  add_groups(app);
  for (const auto& command : known.all())
    add_command(command.group.empty() ? app : *app.get_subcommand(std::string(command.group)), command);

  find_missing_values(known, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return text_to_print{app.help()};
  } catch (const CLI::ParseError& error) {
    throw config_error("command line: " + on_one_line(error.what()));
  }
  if (version->count() > 0)
    return text_to_print{
        fmt::format("{} {} (troupe {})\n", info.name, info.version, framework_version())};
  auto result = command_given(known, app);
  result.databases = std::move(databases);
  return result;
}

} // namespace troupe::config::detail
