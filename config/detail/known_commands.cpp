#include "config/detail/known_commands.hpp"

#include "config/detail/values.hpp"
#include "config/detail/wording.hpp"
#include "config/error.hpp"
#include "config/secrets.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace troupe::config::detail {
namespace {

std::vector<std::string> flags_of(const known_command& command) {
  std::vector<std::string> result{"--help"};
  for (const auto& flag : command.flags)
    result.emplace_back(flag.name);
  if (command.settings.empty()) return result;
  result.emplace_back(config_flag);
  if (command.is_node()) result.emplace_back(check_flag);
  if (command.is_migration()) result.emplace_back(database_flag);
  if (command.asks_gateway()) result.emplace_back(json_flag);
  if (command.may_watch()) result.emplace_back(watch_flag);
  for (const auto& target : command.settings)
    result.push_back(flag_of(*target.what));
  return result;
}

} // namespace

std::string name_before_equals(std::string_view argument) {
  return std::string(argument.substr(0, argument.find('=')));
}

std::string known_commands::value_of(std::string_view flag) const {
  if (flag == config_flag) return "the path of a TOML file";
  if (flag == database_flag) return "the name of a database";
  for (const auto& command : all_) {
    for (const auto& plain : command.flags)
      if (plain.name == flag) return std::string(plain.expected);
    for (const auto& target : command.settings)
      if (target.what->form == flag_form::value && flag_of(*target.what) == flag)
        return expected(target);
  }
  return {};
}

void known_commands::refuse_no_command(std::string_view group) const {
  throw config_error(group.empty() ? "command line" : group, "no command",
                     any_of_them(names(group)));
}

void known_commands::refuse_before_command(const std::string& argument,
                                           std::string_view group) const {
  const auto name = name_before_equals(argument);
  const auto of_group = group.empty() ? std::string{} : fmt::format(" of {}", group);
  if (!argument.starts_with('-')) {
    auto advice = suggestion(argument, names(group));
    if (advice.empty()) advice = ", expected " + any_of_them(names(group));
    throw config_error(fmt::format("{}: unknown command{}{}", in_quotes(mask_secrets(argument)),
                                   of_group, advice));
  }
  if (const auto commands = commands_with(name, nullptr); !commands.empty())
    throw config_error(name, "it before the command", "it after " + any_of_them(commands));
  throw config_error(fmt::format("{}: unknown flag{}, expected a command: {}", on_one_line(name),
                                 of_group, any_of_them(names(group))));
}

void known_commands::refuse_after(const known_command& command, const std::string& argument) const {
  const auto name = name_before_equals(argument);
  if (!argument.starts_with('-'))
    throw config_error(command.words(), in_quotes(mask_secrets(argument)),
                       "only flags, which start with --");
  auto advice = suggestion(name, flags_of(command));
  if (const auto others = commands_with(name, &command); !others.empty())
    advice = ", it belongs to " + any_of_them(others);
  if (advice.empty())
    advice = fmt::format(", expected one that {} {} --help lists", app_, command.words());
  throw config_error(
      fmt::format("{}: unknown flag of {}{}", on_one_line(name), command.words(), advice));
}

std::vector<std::string> known_commands::names(std::string_view group) const {
  std::vector<std::string> result;
  for (const auto& command : all_) {
    if (command.group == group) result.push_back(command.name);
    const bool begins_group = group.empty() && !command.group.empty();
    if (begins_group && result.back() != command.group) result.emplace_back(command.group);
  }
  return result;
}

std::vector<std::string> known_commands::commands_with(std::string_view flag,
                                                       const known_command* besides) const {
  std::vector<std::string> result;
  for (const auto& command : all_) {
    const auto flags = flags_of(command);
    if (&command != besides && std::find(flags.begin(), flags.end(), flag) != flags.end())
      result.push_back(command.words());
  }
  return result;
}

} // namespace troupe::config::detail
