// Which databases there are beside the default one: those of which any layer gives a setting. Looked for before
// the layers are read, as their settings make rows of the table.
#pragma once

#include "config/detail/layers.hpp"
#include "config/detail/toml.hpp"
#include "config/settings.hpp"

#include <map>
#include <string>
#include <string_view>

namespace troupe::config::detail {

/// By name, where it stands: the flag, the variable or FILE:LINE.
using database_names = std::map<std::string, std::string, std::less<>>;

/// The section of a database: [databases.NAME].
inline constexpr std::string_view databases_section = "databases";

/// Each of these adds what it finds to `names`, where it is not yet. What only resembles the setting of a
/// database is left for the layer to refuse. @throws config_error for a name that no database may have
void find_databases(database_names& names, int argc, const char* const* argv);
void find_databases(database_names& names, const variables& environment);
void find_databases(database_names& names, const std::string& path, const toml_document& file);

/// A database for each, with the defaults and no URL.
named_databases with_defaults(const database_names& names);

/// @throws config_error for one without a URL
void require_urls(const named_databases& databases, const database_names& names);

} // namespace troupe::config::detail
