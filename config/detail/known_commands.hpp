// The commands and the flags each of them takes, and the errors for what is neither.
#pragma once

#include "config/detail/definition.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

enum class role {
  gateway,
  worker,
  routes,
  nodes,
  actors,
  drain,
  migrate_up,
  migrate_status,
  migrate_new,
  cert_init,
  cert_issue,
};

inline constexpr std::string_view config_flag = "--config";
inline constexpr std::string_view check_flag = "--check-config";
inline constexpr std::string_view database_flag = "--database"; // of the commands for migrations
inline constexpr std::string_view admin_flag = "--admin";
inline constexpr std::string_view json_flag = "--json"; // this and the next of those that ask a gateway
inline constexpr std::string_view watch_flag = "--watch";

// Of the commands for certificates.
inline constexpr std::string_view dir_flag = "--dir";
inline constexpr std::string_view host_flag = "--host";
inline constexpr std::string_view days_flag = "--days";

/// A word in front of several commands, and its help.
struct command_group {
  std::string_view word;
  std::string_view help;
};

inline constexpr std::string_view migrate_group = "migrate";
inline constexpr std::string_view cert_group = "cert";
inline constexpr std::array command_groups{
    command_group{migrate_group, "Apply, list or begin migrations of the database"},
    command_group{cert_group, "Make certificates for TLS between nodes"}};

/// A flag that is no setting: on the command line only.
struct plain_flag {
  std::string_view name;
  std::string_view hint;
  std::string_view help;
  std::string_view expected; // the value, in words
};

inline constexpr std::string_view a_host = "a host name or an address such as gateway.example or 10.0.0.5";
inline constexpr std::string_view some_days = "a whole number from 1 to 3650";
inline constexpr plain_flag dir_of_certificates{dir_flag, "DIR", "Folder of the files; without, it is the present one",
                                                "the path of a folder"};

struct known_command {
  role run;
  std::string name;
  std::string help;
  std::vector<setting> settings; // holding the defaults; empty: takes no flags but --help
  std::string_view group = {};   // the word in front of the name; empty: none
  std::string_view operand = {}; // in the help, the word that must follow; empty: none
  std::string_view operand_help = {};
  std::vector<plain_flag> flags = {};

  /// As it is typed: "gateway", "migrate up".
  std::string words() const { return group.empty() ? name : std::string(group) + ' ' + name; }
  bool is_node() const { return run == role::gateway || run == role::worker; }
  bool is_migration() const { return group == migrate_group; }
  bool asks_gateway() const { return !is_node() && !is_migration(); }
  bool may_watch() const { return asks_gateway() && run != role::drain; }
};

class known_commands {
public:
  /// `app` is the program's name, for advice; `databases` are those that have flags, beside the default one.
  known_commands(std::string app, const named_databases& databases)
      : app_(std::move(app)), gateway_(with<gateway_settings>(databases)),
        worker_(with<worker_settings>(databases)), storage_{{}, databases} {}
  known_commands(const known_commands&) = delete;
  known_commands& operator=(const known_commands&) = delete;

  const std::array<known_command, 11>& all() const { return all_; }

  /// What the value of the flag must be, in words; empty when it takes none or is not known.
  std::string value_of(std::string_view flag) const;

  /// These never return. `group` is the word that was read already, if any. @throws config_error
  [[noreturn]] void refuse_no_command(std::string_view group = {}) const;
  [[noreturn]] void refuse_before_command(const std::string& argument,
                                          std::string_view group = {}) const;
  [[noreturn]] void refuse_after(const known_command& command, const std::string& argument) const;

private:
  template <class Settings>
  static Settings with(const named_databases& databases) {
    Settings result;
    result.databases = databases;
    return result;
  }

  std::vector<std::string> names(std::string_view group) const;
  std::vector<std::string> commands_with(std::string_view flag, const known_command* besides) const;

  std::string app_;
  gateway_settings gateway_;
  worker_settings worker_;
  database_settings storage_;
  admin_settings admin_;
  std::array<known_command, 11> all_{
      known_command{role::gateway, "gateway", "Serve HTTP, let worker nodes join",
                    settings_of(gateway_)},
      known_command{role::worker, "worker", "Join gateways and answer their requests",
                    settings_of(worker_)},
      known_command{role::routes, "routes",
                    "Print the routes of the application; with --admin, those of a running cluster",
                    settings_of(admin_)},
      known_command{role::nodes, "nodes", "Print the nodes of a running cluster", settings_of(admin_)},
      known_command{role::actors, "actors", "Print the actors of a running gateway", settings_of(admin_)},
      known_command{role::drain, "drain", "Have a worker node leave once its work is done",
                    settings_of(admin_), {}, "NODE", "Name of the worker node, as nodes prints it"},
      known_command{role::migrate_up, "up", "Apply the migrations that are new",
                    settings_of_migrations(storage_), migrate_group},
      known_command{role::migrate_status, "status",
                    "Print which migrations are applied; the exit status is 1 if not all are",
                    settings_of_migrations(storage_), migrate_group},
      known_command{role::migrate_new, "new", "Write the next file into the folder of migrations",
                    settings_of_folders(storage_), migrate_group, "NAME",
                    "What the file is about, as in add_users"},
      known_command{role::cert_init, "init", "Make an authority of your own that signs nodes", {}, cert_group, {}, {},
                    {dir_of_certificates}},
      known_command{role::cert_issue, "issue", "Make a certificate for a node, signed by that authority", {}, cert_group,
                    "NAME", "The node, as in worker-1",
                    {dir_of_certificates,
                     {host_flag, "HOST", "Name or address by which the node is joined; repeat for each", a_host},
                     {days_flag, "DAYS", "How long it is valid; 1 to 3650, default 365", some_days}}}};
};

/// "--flag" of "--flag=value".
std::string name_before_equals(std::string_view argument);

} // namespace troupe::config::detail
