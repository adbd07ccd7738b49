#include "config/detail/database_names.hpp"

#include "config/detail/known_commands.hpp"
#include "config/detail/text_rules.hpp"
#include "config/detail/wording.hpp"
#include "config/error.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <optional>

namespace troupe::config::detail {
namespace {

void add(database_names& names, const std::string& name, const std::string& place) {
  if (!is_database_name(name))
    throw config_error(place, "the name " + in_quotes(name),
                       fmt::format("1 to 32 of the characters a-z 0-9 _, the first a letter, and not {}, "
                                   "which is the default database",
                                   default_database));
  names.emplace(name, place);
}

/// The name in "reports_max_connections"; none when it does not end in a key.
std::optional<std::string> name_before_key(std::string_view text) {
  for (const auto& key : keys_of_a_database())
    if (const auto end = '_' + key; text.ends_with(end))
      return std::string(text.substr(0, text.size() - end.size()));
  return std::nullopt;
}

/// The text behind the prefix, its letters small and with underscores; none: it has another prefix or is not spelled so.
std::optional<std::string> behind(std::string_view prefix, std::string_view text, bool is_flag) {
  if (!text.starts_with(prefix)) return std::nullopt;
  std::string result(text.substr(prefix.size()));
  const auto is_foreign = [&](unsigned char c) {
    return is_flag ? c == '_' || std::isupper(c) != 0 : c == '-' || std::islower(c) != 0;
  };
  if (std::any_of(result.begin(), result.end(), is_foreign)) return std::nullopt;
  for (auto& c : result)
    c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

} // namespace

void find_databases(database_names& names, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const auto flag = name_before_equals(argv[i]);
    for (const std::string_view prefix : {"--databases-", "--no-databases-"})
      if (const auto rest = behind(prefix, flag, true))
        if (const auto name = name_before_key(*rest)) add(names, *name, on_one_line(flag));
  }
}

void find_databases(database_names& names, const variables& environment) {
  for (const auto& [variable, value] : environment)
    if (const auto rest = behind("TROUPE_DATABASES_", variable, false))
      if (const auto name = name_before_key(*rest)) add(names, *name, on_one_line(variable));
}

void find_databases(database_names& names, const std::string& path, const toml_document& file) {
  const auto look_at = [&](const std::string& section, std::size_t line) {
    const auto prefix = std::string(databases_section) + '.';
    if (section.starts_with(prefix))
      add(names, section.substr(prefix.size()),
          fmt::format("{}:{}", on_one_line(path, longest_path), line));
  };
  for (const auto& each : file.sections)
    look_at(each.name, each.line);
  for (const auto& each : file.entries)
    look_at(each.section, each.line);
}

named_databases with_defaults(const database_names& names) {
  named_databases result;
  for (const auto& [name, place] : names)
    result[name].url.clear();
  return result;
}

void require_urls(const named_databases& databases, const database_names& names) {
  for (const auto& [name, settings] : databases) {
    if (!settings.url.empty()) continue;
    std::vector<std::string> others;
    for (const auto& [other, of_it] : databases)
      if (!of_it.url.empty()) others.push_back(other);
    const auto hint = suggestion(name, others);
    throw config_error(fmt::format(
        "{}: the database {} has no URL{}", names.find(name)->second, name,
        hint.empty() ? fmt::format(", expected one as {}.{}.url", databases_section, name) : hint));
  }
}

} // namespace troupe::config::detail
