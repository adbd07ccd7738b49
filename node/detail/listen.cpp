#include "node/detail/listen.hpp"

#include "config/error.hpp"

#include <system_error>

namespace troupe::detail {

void refuse_address(const char* flag, const config::endpoint& where, const std::string& why) {
  throw config::config_error{std::string{flag} + " " + config::to_string(where)
                             + ": cannot listen there: " + why
                             + ", expected a free local address"};
}

gateway::listening_sockets listen_on(const char* flag, const config::endpoint& where,
                                     unsigned count, gateway::sharing how) {
  try {
    return gateway::listen_on(where, count, how);
  } catch (const std::system_error& e) {
    refuse_address(flag, where, e.what());
  }
}

} // namespace troupe::detail
