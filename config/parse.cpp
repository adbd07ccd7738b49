#include "config/parse.hpp"

#include "config/detail/checks.hpp"
#include "config/detail/command_line.hpp"
#include "config/detail/file.hpp"
#include "config/detail/layers.hpp"

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

template <class Command, class OtherSettings>
Command effective(const arguments& given, const variables& environment) {
  Command result;
  OtherSettings unused;
  layered_settings layers{settings_of(result.settings), settings_of(unused), {}};
  for (const auto& target : layers.own)
    layers.from[key_of(*target.what)] = {};
  const auto file = find_file(given, environment);
  if (file) apply_file(layers, file->path, file->content);
  apply_environment(layers, environment);
  apply_flags(layers, given.given);
  check(result.settings, layers.from);
  result.check_only = given.check_only;
  result.from = std::move(layers.from);
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
      return effective<gateway_command, worker_settings>(given, variables);
    case role::worker:
      return effective<worker_command, gateway_settings>(given, variables);
    case role::routes:
      break;
  }
  return routes_command{};
}

} // namespace troupe::config
