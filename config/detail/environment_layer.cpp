#include "config/detail/layers.hpp"
#include "config/detail/values.hpp"
#include "config/detail/wording.hpp"
#include "config/error.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace troupe::config::detail {
namespace {

constexpr std::string_view prefix = "TROUPE_";
constexpr std::string_view test_prefix = "TROUPE_TEST_";

std::vector<std::string_view> elements(const setting& target, std::string_view text) {
  std::vector<std::string_view> result;
  for (auto comma = text.find(','); is_list(target) && comma != std::string_view::npos;
       comma = text.find(',')) {
    result.push_back(text.substr(0, comma));
    text.remove_prefix(comma + 1);
  }
  result.push_back(text);
  return result;
}

void apply_text(const setting& target, std::string_view text) {
  clear_list(target);
  if (text.empty() && is_list(target) && target.what->may_be_empty) return;
  for (const auto element : elements(target, text)) {
    if (assign(target, element)) continue;
    throw config_error(
        variable_of(*target.what), found(target, element),
        expected(target).append(is_list(target) ? ", with commas between them" : ""));
  }
}

void check_names(const variables& environment, const std::set<std::string>& known) {
  for (const auto& [name, value] : environment) {
    if (known.contains(name)) continue;
    const auto hint = suggestion(name, {known.begin(), known.end()});
    throw config_error(fmt::format(
        "{}: unknown variable{}", on_one_line(name),
        hint.empty() ? ", expected one that --help names; unset it or choose another prefix"
                     : hint));
  }
}

} // namespace

variables troupe_variables(const char* const* environment) {
  variables result;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = entry.substr(0, equals);
    if (!name.starts_with(prefix) || name.starts_with(test_prefix)) continue;
    result.emplace(name, entry.substr(equals + 1));
  }
  return result;
}

void apply_environment(layered_settings& settings, const variables& environment) {
  std::set<std::string> known{std::string(config_variable)};
  for (const auto* role : {&settings.own, &settings.other}) {
    for (const auto& target : *role) {
      const auto name = *known.insert(variable_of(*target.what)).first;
      const auto given = environment.find(name);
      if (given == environment.end()) continue;
      apply_text(target, given->second);
      if (role == &settings.own) settings.from[key_of(*target.what)] = {source::environment, name};
    }
  }
  check_names(environment, known);
}

} // namespace troupe::config::detail
