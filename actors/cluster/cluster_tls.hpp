#pragma once

#include "actors/detail/openssl.hpp"
#include "config/settings.hpp"

#include <memory>
#include <string>

namespace troupe {

/// What all TLS connections between this node and others have in common: its certificate and key, and the authorities
/// that sign nodes. Both ends show a certificate; TLS 1.3 only. The files are read once, here: what becomes of them
/// later ends nothing. Never changes; any thread.
class cluster_tls {
public:
  /// Throws config::config_error that names the file that cannot be used, and why. REQUIRES: settings.has_tls().
  explicit cluster_tls(const config::cluster_settings& settings);

  /// The gateway's end of a connection. Throws std::runtime_error, as to_gateway does.
  [[nodiscard]] detail::ssl_ptr from_worker() const;

  /// The worker's end of a connection to `host`, a name or an address that the gateway's certificate must be for.
  [[nodiscard]] detail::ssl_ptr to_gateway(const std::string& host) const;

private:
  detail::ssl_ctx_ptr context_;
};

/// Null without TLS. Logs until when the node's certificate is valid.
std::shared_ptr<const cluster_tls> load_cluster_tls(const config::cluster_settings& settings);

} // namespace troupe
