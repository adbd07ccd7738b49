#include "actors/cluster/cluster_tls.hpp"

#include "config/error.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/chrono.h>
#include <openssl/err.h>
#include <spdlog/spdlog.h>

#include <ctime>
#include <stdexcept>

namespace troupe {

namespace {

/// RSA of 2048 bits or more, no SHA-1.
constexpr int security_level = 2;

void require_set_up(bool done) {
  if (!done)
    throw std::runtime_error{"cannot set up TLS: " + detail::openssl_problem()};
}

[[noreturn]] void refuse(const char* key, const std::string& file, const char* expected) {
  throw config::config_error(key, file + ", which cannot be used: " + detail::openssl_problem(), expected);
}

void read_files(SSL_CTX* into, const config::cluster_settings& settings) {
  const auto& certificate = settings.certificate;
  if (SSL_CTX_use_certificate_chain_file(into, certificate.c_str()) != 1)
    refuse("cluster.certificate", certificate, "a PEM file with a certificate and its chain");
  const auto& key = settings.key.empty() ? certificate : settings.key;
  if (SSL_CTX_use_PrivateKey_file(into, key.c_str(), SSL_FILETYPE_PEM) != 1)
    refuse(settings.key.empty() ? "cluster.certificate" : "cluster.key", key,
           "a PEM file with the key of the certificate, and no password");
  auto* names = SSL_CTX_load_verify_file(into, settings.ca.c_str()) == 1
                  ? SSL_load_client_CA_file(settings.ca.c_str())
                  : nullptr;
  if (names == nullptr)
    refuse("cluster.ca", settings.ca, "a PEM file with certificates of authorities");
  SSL_CTX_set_client_CA_list(into, names);
}

std::time_t time_of(const ASN1_TIME* when) {
  std::tm parts{};
  return ASN1_TIME_to_tm(when, &parts) == 1 ? timegm(&parts) : 0;
}

void log_validity(const std::string& file, const X509* certificate) {
  const auto day_of = [](std::time_t when) { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(when)); };
  const auto ends = time_of(X509_get0_notAfter(certificate));
  const auto begins = time_of(X509_get0_notBefore(certificate));
  const auto now = std::time(nullptr);
  if (ends <= now)
    spdlog::warn("the node's certificate {} has expired on {}: other nodes will refuse it", file, day_of(ends));
  else if (begins > now)
    spdlog::warn("the node's certificate {} is valid from {} only: other nodes will refuse it", file,
                 day_of(begins));
  else
    spdlog::info("cluster over TLS: the node's certificate {} is valid until {}", file, day_of(ends));
}

} // namespace

cluster_tls::cluster_tls(const config::cluster_settings& settings) : context_(SSL_CTX_new(TLS_method())) {
  auto* made = context_.get();
  require_set_up(made != nullptr);
  SSL_CTX_set_security_level(made, security_level);
  require_set_up(SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION) == 1);
  SSL_CTX_set_options(made, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
                              // Messages have lengths of their own: nothing is cut unseen.
                              | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  require_set_up(SSL_CTX_set_num_tickets(made, 0) == 1); // each connection shows its certificate
  SSL_CTX_set_default_passwd_cb(made, detail::no_password);
  // OpenSSL holds clients to clientAuth and servers to serverAuth where a certificate names purposes.
  SSL_CTX_set_verify(made, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ERR_clear_error();
  read_files(made, settings);
  log_validity(settings.certificate, SSL_CTX_get0_certificate(made));
}

detail::ssl_ptr cluster_tls::from_worker() const {
  detail::ssl_ptr out{SSL_new(context_.get())};
  require_set_up(out != nullptr);
  SSL_set_accept_state(out.get());
  return out;
}

detail::ssl_ptr cluster_tls::to_gateway(const std::string& host) const {
  detail::ssl_ptr out{SSL_new(context_.get())};
  require_set_up(out != nullptr);
  SSL_set_connect_state(out.get());
  boost::system::error_code is_name;
  boost::asio::ip::make_address(host, is_name);
  if (is_name)
    require_set_up(SSL_set1_host(out.get(), host.c_str()) == 1
                   && SSL_set_tlsext_host_name(out.get(), host.c_str()) == 1);
  else
    require_set_up(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(out.get()), host.c_str()) == 1);
  return out;
}

std::shared_ptr<const cluster_tls> load_cluster_tls(const config::cluster_settings& settings) {
  return settings.has_tls() ? std::make_shared<const cluster_tls>(settings) : nullptr;
}

} // namespace troupe
