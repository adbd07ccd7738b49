// The commands and the flags each of them takes, and the errors for what is neither.
#pragma once

#include "config/detail/definition.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::detail {

enum class role { gateway, worker, routes };

inline constexpr std::string_view config_flag = "--config";
inline constexpr std::string_view check_flag = "--check-config";

struct known_command {
  role run;
  std::string name;
  std::string help;
  std::vector<setting> settings; // holding the defaults; empty: takes no flags but --help
};

class known_commands {
public:
  /// `app` is the program's name, for advice.
  explicit known_commands(std::string app) : app_(std::move(app)) {}
  known_commands(const known_commands&) = delete;
  known_commands& operator=(const known_commands&) = delete;

  const std::array<known_command, 3>& all() const { return all_; }

  /// What the value of the flag must be, in words; empty when it takes none or is not known.
  std::string value_of(std::string_view flag) const;

  /// These never return. @throws config_error
  [[noreturn]] void refuse_no_command() const;
  [[noreturn]] void refuse_before_command(const std::string& argument) const;
  [[noreturn]] void refuse_after(const known_command& command, const std::string& argument) const;

private:
  std::vector<std::string> names() const;
  std::vector<std::string> commands_with(std::string_view flag, const known_command* besides) const;

  std::string app_;
  gateway_settings gateway_;
  worker_settings worker_;
  std::array<known_command, 3> all_{
      known_command{role::gateway, "gateway", "Serve HTTP, let worker nodes join",
                    settings_of(gateway_)},
      known_command{role::worker, "worker", "Join gateways and answer their requests",
                    settings_of(worker_)},
      known_command{role::routes, "routes", "Print the routes of the application", {}}};
};

/// "--flag" of "--flag=value".
std::string name_before_equals(std::string_view argument);

} // namespace troupe::config::detail
