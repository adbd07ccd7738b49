#pragma once

#include "config/settings.hpp"
#include "gateway/detail/certificate.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::gateway {

/// What all TLS connections have in common: certificates and keys, versions, ciphers, whom to ask for
/// a certificate. Never changes: other certificates are another context. Any thread.
///
/// TLS 1.2 with ECDHE and AEAD ciphers only, and TLS 1.3; no compression, no renegotiation, no early
/// data. Sessions are resumed by tickets, which end with the context.
class tls_context {
public:
  /// Reads the files. Throws config::config_error that names the one that cannot be used, and why.
  /// REQUIRES: settings.enabled().
  explicit tls_context(const config::tls_settings& settings);
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;
  ~tls_context();

  /// The server's end of a new connection. The context must outlive it. Throws std::runtime_error.
  [[nodiscard]] detail::ssl_ptr new_connection() const;

  /// In the order of the settings.
  [[nodiscard]] const std::vector<certificate_facts>& certificates() const noexcept {
    return facts_;
  }

  /// The place of the certificate for the name that a client asks for: the one with that name, else
  /// one whose wildcard stands for its first label, else the first.
  [[nodiscard]] std::size_t choose(std::string_view server_name) const;

private:
  void add(detail::ssl_ctx_ptr made);
  static int on_server_name(SSL* connection, int*, void* self);

  std::vector<detail::ssl_ctx_ptr> contexts_; // one for each certificate, alike in all else
  std::vector<certificate_facts> facts_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

} // namespace troupe::gateway
