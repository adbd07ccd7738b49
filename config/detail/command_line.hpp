// What stands on the command line, and the help. The only code that knows CLI11.
#pragma once

#include "config/detail/database_names.hpp"
#include "config/detail/known_commands.hpp"
#include "config/detail/layers.hpp"
#include "config/parse.hpp"

#include <optional>
#include <string>
#include <variant>

namespace troupe::config::detail {

/// A command and its flags; values of settings are still text.
struct arguments {
  role run = role::gateway;
  flags given;
  std::optional<std::string> operand; // the word that is no flag, where the command takes one
  std::optional<std::string> config_file;
  std::optional<std::string> database; // the one that migrations are of
  database_names databases;            // of which there are flags
  bool check_only = false;
  bool json = false;
  std::optional<std::string> watch; // the seconds; empty: as many as it takes by default
};

/// The value of a flag that may stand there once. @throws config_error otherwise
std::string only_value(const std::string& flag, const std::vector<std::string>& values);

/// The command and its flags, or the help or version to print.
/// @throws config_error for whatever is not a known command, a known flag or a flag's value
std::variant<arguments, text_to_print> read_arguments(const app_info& app, int argc,
                                                      const char* const* argv);

} // namespace troupe::config::detail
