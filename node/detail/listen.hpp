#pragma once

#include "config/endpoint.hpp"
#include "gateway/listening.hpp"

#include <string>

namespace troupe::detail {

/// Throws config::config_error: `flag` names an address where nobody can listen.
[[noreturn]] void refuse_address(const char* flag, const config::endpoint& where, const std::string& why);

/// gateway::listen_on for the address of a flag. Throws config::config_error.
gateway::listening_sockets listen_on(const char* flag, const config::endpoint& where, unsigned count,
                                     gateway::sharing how = gateway::sharing::none);

} // namespace troupe::detail
