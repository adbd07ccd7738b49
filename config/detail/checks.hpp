// Rules that span several settings.
#pragma once

#include "config/detail/definition.hpp"
#include "config/origin.hpp"
#include "config/settings.hpp"

namespace troupe::config::detail {

/// @throws config_error that names the place of one of the settings concerned
void check(const gateway_settings& settings, const origins& from);
void check(const worker_settings& settings, const origins& from);
void check(const database_settings& settings, const origins& from);

} // namespace troupe::config::detail
