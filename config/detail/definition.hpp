// How one setting is described, and where its value lives.
#pragma once

#include "config/settings.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::config::detail {

/// Where a value is stored. The type decides how text is read: see values.hpp.
using slot = std::variant<bool*, unsigned*, double*, std::size_t*, milliseconds*, std::string*, endpoint*,
                          std::optional<endpoint>*, std::vector<std::string>*,
                          std::vector<endpoint>*, std::vector<network>*, log_level*, log_format*,
                          forwarded_fields*, proxy_protocol*, tls_version*, client_certificate*,
                          trace_source*, cluster_io*>;

/// What the flag on the command line looks like.
enum class flag_form {
  value,        // --name VALUE
  switch_true,  // --name sets true; --name=false is understood
  switch_false, // --no-name sets false; --no-name=false sets true
};

/// How much of a value must not be shown.
enum class secrecy {
  none,
  in_url, // the passwords of a URL: printed through mask_secrets only
  whole,  // never printed
};

/// One row of the table. Flag, variable and key are derived from `section`, `key` and `name`.
struct definition {
  std::string_view section;
  std::string_view key;
  std::string_view help;
  std::string_view name = {}; // flag and variable, when not derived: "storage", not "storage-url"
  long long low = 0;          // numbers, bytes or milliseconds; of an endpoint: the lowest port
  long long high = 0;
  flag_form form = flag_form::value;
  secrecy secret = secrecy::none;
  std::string_view text_hint = {};                  // of a text: the word in the help, ...
  std::string_view text_rule = {};                  // ... what is expected, in words, ...
  bool (*accepts_text)(std::string_view) = nullptr; // ... and the check
  bool may_be_empty = false;                        // of a text or a list
};

/// A row together with the place in one settings struct that it fills.
struct setting {
  std::shared_ptr<const definition> what;
  slot where;
};

/// "--http-max-headers", "--no-local-workers".
std::string flag_of(const definition& what);

/// "TROUPE_HTTP_MAX_HEADERS", "TROUPE_LOCAL_WORKERS".
std::string variable_of(const definition& what);

/// "http.max_headers".
std::string key_of(const definition& what);

/// The storage settings of all databases, as the commands for migrations have them.
struct database_settings {
  storage_settings storage;
  named_databases databases;
};

/// How the commands that ask a running gateway reach it; the same settings as the gateway's own.
struct admin_settings {
  endpoint admin{"127.0.0.1", 8081};
  std::string admin_token;
};

/// The keys of a database's settings, in their order.
std::vector<std::string> keys_of_a_database();

/// Every setting of a role, in the order of help and files. The result points into `settings`.
std::vector<setting> settings_of(gateway_settings& settings);
std::vector<setting> settings_of(worker_settings& settings);

std::vector<setting> settings_of(admin_settings& settings);

/// What migrations need: which database, how long to try, which folder, and whether it may be changed.
std::vector<setting> settings_of_migrations(database_settings& settings);

/// The folder of migrations alone.
std::vector<setting> settings_of_folders(database_settings& settings);

} // namespace troupe::config::detail
