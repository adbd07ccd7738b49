#pragma once

#include "config/settings.hpp"

namespace troupe::detail {

/// Sends the log to standard error in the wanted form; before anything else logs.
void set_up_log(const config::log_settings& settings);

/// The form that "auto" means here.
[[nodiscard]] bool logs_json(const config::log_settings& settings);

} // namespace troupe::detail
