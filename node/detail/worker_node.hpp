#pragma once

#include "config/settings.hpp"
#include "node/run.hpp"

namespace troupe::detail {

/// Runs a worker node until a stop signal; gives the exit status.
int run_worker(const application& app, const config::worker_settings& settings);

} // namespace troupe::detail
