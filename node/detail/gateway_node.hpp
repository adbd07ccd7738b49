#pragma once

#include "config/settings.hpp"
#include "node/run.hpp"

namespace troupe::detail {

/// Runs a gateway node until a stop signal; gives the exit status.
/// Throws config::config_error when an address cannot be had.
int run_gateway(const application& app, const config::gateway_settings& settings);

} // namespace troupe::detail
