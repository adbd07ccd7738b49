#pragma once

#include "config/settings.hpp"

#include <memory>

namespace troupe::gateway {

/// Certificates and all else that TLS connections have in common; see detail/tls_context.hpp.
class tls_context;

/// Reads the certificates, and logs of each what it is for and until when; null without TLS. Throws
/// config::config_error that names the file that cannot be used, and why.
std::shared_ptr<const tls_context> load_tls(const config::tls_settings& settings);

} // namespace troupe::gateway
