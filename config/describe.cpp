#include "config/describe.hpp"

#include "config/detail/definition.hpp"
#include "config/detail/values.hpp"

#include <fmt/format.h>

namespace troupe::config {
namespace {

std::string comment(const origin& from) {
  switch (from.from) {
    case source::built_in:
      return "default";
    case source::file:
      return from.place;
    case source::environment:
      return "environment " + from.place;
    case source::flag:
      return "flag " + from.place;
  }
  return {};
}

std::string as_toml(const std::vector<detail::setting>& settings, const origins& from) {
  constexpr std::size_t comment_column = 40;
  std::string result;
  std::string_view section;
  for (const auto& setting : settings) {
    const auto& what = *setting.what;
    if (what.section != section)
      result += fmt::format("{}[{}]\n", section.empty() ? "" : "\n", what.section);
    section = what.section;
    const auto line = fmt::format("{} = {}", what.key, detail::to_toml(setting));
    const auto known = from.find(detail::key_of(what));
    const auto origin_of = known == from.end() ? origin{} : known->second;
    result += fmt::format("{:<{}} # {}\n", line, comment_column, comment(origin_of));
  }
  return result + "\n# configuration is valid\n";
}

} // namespace

std::string describe(const gateway_command& run) {
  auto settings = run.settings;
  return as_toml(detail::settings_of(settings), run.from);
}

std::string describe(const worker_command& run) {
  auto settings = run.settings;
  return as_toml(detail::settings_of(settings), run.from);
}

} // namespace troupe::config
