// The layers that settings are made of, each applied over the one before: file, environment, flags.
#pragma once

#include "config/detail/definition.hpp"
#include "config/detail/toml.hpp"
#include "config/origin.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

inline constexpr std::string_view config_variable = "TROUPE_CONFIG";

/// The TROUPE_ variables of an environment, by name.
using variables = std::map<std::string, std::string, std::less<>>;

/// Flags as they were given: by flag, the values in their order.
using flags = std::map<std::string, std::vector<std::string>, std::less<>>;

/// `own` is filled. `other` are the settings of the other commands: a file and an environment may be
/// shared by all, so their values are checked, but not used.
struct layered_settings {
  std::vector<setting> own;
  std::vector<setting> other;
  origins from;
};

/// The variables that are Troupe's. Those of TROUPE_TEST_ are left out, they belong to tests.
variables troupe_variables(const char* const* environment);

/// The file's content as TOML. @throws config_error
toml_document read_document(const std::string& path, std::string_view content);

/// Each of these reads one layer. @throws config_error
void apply_file(layered_settings& settings, const std::string& path, const toml_document& document);
void apply_environment(layered_settings& settings, const variables& environment);
void apply_flags(layered_settings& settings, const flags& given);

} // namespace troupe::config::detail
