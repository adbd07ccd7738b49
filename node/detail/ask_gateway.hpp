#pragma once

#include "config/parse.hpp"

namespace troupe::detail {

/// `nodes`, `routes --admin`, `actors` and `drain`: prints a table, or what the gateway answers. Gives the exit
/// status; throws gateway::admin_error with one clear line when there is no answer. With `watch` it goes on until
/// SIGINT or SIGTERM, also over times when there is none.
int ask_gateway(const config::gateway_question& what);

} // namespace troupe::detail
