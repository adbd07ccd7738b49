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
  if (command.settings.empty()) return result;
  result.emplace_back(config_flag);
  result.emplace_back(check_flag);
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
  for (const auto& command : all_)
    for (const auto& target : command.settings)
      if (target.what->form == flag_form::value && flag_of(*target.what) == flag)
        return expected(target);
  return {};
}

void known_commands::refuse_no_command() const {
  throw config_error("command line", "no command", any_of_them(names()));
}

void known_commands::refuse_before_command(const std::string& argument) const {
  const auto name = name_before_equals(argument);
  if (!argument.starts_with('-')) {
    auto advice = suggestion(argument, names());
    if (advice.empty()) advice = ", expected " + any_of_them(names());
    throw config_error(in_quotes(mask_secrets(argument)) + ": unknown command" + advice);
  }
  if (const auto commands = commands_with(name, nullptr); !commands.empty())
    throw config_error(name, "it before the command", "it after " + any_of_them(commands));
  throw config_error(fmt::format("{}: unknown flag, expected a command: {}", on_one_line(name),
                                 any_of_them(names())));
}

void known_commands::refuse_after(const known_command& command, const std::string& argument) const {
  const auto name = name_before_equals(argument);
  if (!argument.starts_with('-'))
    throw config_error(command.name, in_quotes(mask_secrets(argument)),
                       "only flags, which start with --");
  auto advice = suggestion(name, flags_of(command));
  if (const auto others = commands_with(name, &command); !others.empty())
    advice = ", it belongs to " + any_of_them(others);
  if (advice.empty())
    advice = fmt::format(", expected one that {} {} --help lists", app_, command.name);
  throw config_error(
      fmt::format("{}: unknown flag of {}{}", on_one_line(name), command.name, advice));
}

std::vector<std::string> known_commands::names() const {
  std::vector<std::string> result;
  for (const auto& command : all_)
    result.push_back(command.name);
  return result;
}

std::vector<std::string> known_commands::commands_with(std::string_view flag,
                                                       const known_command* besides) const {
  std::vector<std::string> result;
  for (const auto& command : all_) {
    const auto flags = flags_of(command);
    if (&command != besides && std::find(flags.begin(), flags.end(), flag) != flags.end())
      result.push_back(command.name);
  }
  return result;
}

} // namespace troupe::config::detail
