#include "gateway/detail/tls_context.hpp"

#include "config/error.hpp"

#include <openssl/err.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace troupe::gateway {

namespace {

constexpr const char* ciphers_1_2 =
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr const char* groups_with_mlkem = "X25519MLKEM768:X25519:P-256:P-384"; // OpenSSL 3.5
constexpr std::string_view alpn_protocol{"\x08http/1.1", 9};

/// RSA of 2048 bits or more, no SHA-1.
constexpr int security_level = 2;

void require_set_up(bool done) {
  if (!done)
    throw std::runtime_error{"cannot set up TLS: " + detail::openssl_problem()};
}

[[noreturn]] void refuse(const char* key, const std::string& file, const char* expected) {
  throw config::config_error(key, file + ", which cannot be used: " + detail::openssl_problem(), expected);
}

/// Whoever offers protocols, and not ours, would misunderstand the answer.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(alpn_protocol.data());
  if (SSL_select_next_proto(&chosen, out_size, ours, alpn_protocol.size(), offered, offered_size)
      != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void ask_for_certificates(SSL_CTX* of, const config::tls_settings& settings) {
  if (settings.client_certificate == config::client_certificate::off)
    return;
  const auto* file = settings.client_ca.c_str();
  auto* names = SSL_CTX_load_verify_file(of, file) == 1 ? SSL_load_client_CA_file(file) : nullptr;
  if (names == nullptr)
    refuse("tls.client_ca", file, "a PEM file with certificates of authorities");
  SSL_CTX_set_client_CA_list(of, names);
  const bool must = settings.client_certificate == config::client_certificate::required;
  SSL_CTX_set_verify(of, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
}

detail::ssl_ctx_ptr new_context(const config::tls_settings& settings) {
  detail::ssl_ctx_ptr out{SSL_CTX_new(TLS_server_method())};
  auto* made = out.get();
  require_set_up(made != nullptr);
  SSL_CTX_set_security_level(made, security_level);
  const auto oldest =
    settings.min_version == config::tls_version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  require_set_up(SSL_CTX_set_min_proto_version(made, oldest) == 1
          && SSL_CTX_set_cipher_list(made, ciphers_1_2) == 1
          && (SSL_CTX_set1_groups_list(made, groups_with_mlkem) == 1
              || SSL_CTX_set1_groups_list(made, groups) == 1));
  ERR_clear_error(); // an older OpenSSL does not know the first list
  SSL_CTX_set_options(made, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION
                              | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA
                              // Requests and answers have lengths of their own: nothing is cut unseen.
                              | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                           | SSL_MODE_RELEASE_BUFFERS); // an idle connection costs little
  SSL_CTX_set_read_ahead(made, 1);                      // one system call for a record, not two
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  constexpr std::array<unsigned char, 6> id{'t', 'r', 'o', 'u', 'p', 'e'};
  SSL_CTX_set_session_id_context(made, id.data(), id.size());
  SSL_CTX_set_alpn_select_cb(made, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(made, detail::no_password);
  ask_for_certificates(made, settings);
  return out;
}

void read_files(SSL_CTX* into, const std::string& certificate, const std::string& key) {
  if (SSL_CTX_use_certificate_chain_file(into, certificate.c_str()) != 1)
    refuse("tls.certificates", certificate, "a PEM file with a certificate and its chain");
  if (SSL_CTX_use_PrivateKey_file(into, key.c_str(), SSL_FILETYPE_PEM) != 1)
    refuse("tls.keys", key, "a PEM file with the key of the certificate, and no password");
}

void use_self_signed(SSL_CTX* in) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0)
    host.front() = '\0';
  const auto made = make_self_signed(host.data());
  require_set_up(SSL_CTX_use_certificate(in, made.certificate.get()) == 1
          && SSL_CTX_use_PrivateKey(in, made.key.get()) == 1);
}

} // namespace

tls_context::tls_context(const config::tls_settings& settings) {
  for (std::size_t i = 0; i < settings.certificates.size(); ++i) {
    auto made = new_context(settings);
    read_files(made.get(), settings.certificates[i],
               settings.keys.empty() ? settings.certificates[i] : settings.keys[i]);
    add(std::move(made));
  }
  if (settings.self_signed) {
    auto made = new_context(settings);
    use_self_signed(made.get());
    add(std::move(made));
  }
  SSL_CTX_set_tlsext_servername_callback(contexts_.front().get(), on_server_name);
  SSL_CTX_set_tlsext_servername_arg(contexts_.front().get(), this);
}

tls_context::~tls_context() = default;

void tls_context::add(detail::ssl_ctx_ptr made) {
  facts_.push_back(facts_of(*SSL_CTX_get0_certificate(made.get())));
  for (const auto& name : facts_.back().names)
    by_name_.emplace(name, contexts_.size()); // of two with the same name, the first stays
  contexts_.push_back(std::move(made));
}

detail::ssl_ptr tls_context::new_connection() const {
  detail::ssl_ptr out{SSL_new(contexts_.front().get())};
  require_set_up(out != nullptr);
  SSL_set_accept_state(out.get());
  return out;
}

std::size_t tls_context::choose(std::string_view server_name) const {
  std::string name{server_name};
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  auto found = by_name_.find(name);
  if (const auto dot = name.find('.'); found == by_name_.end() && dot != std::string::npos)
    found = by_name_.find("*" + name.substr(dot));
  return found != by_name_.end() ? found->second : 0;
}

int tls_context::on_server_name(SSL* connection, int*, void* self) {
  const auto& mine = *static_cast<const tls_context*>(self);
  if (const auto* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name))
    SSL_set_SSL_CTX(connection, mine.contexts_[mine.choose(name)].get());
  return SSL_TLSEXT_ERR_OK;
}

} // namespace troupe::gateway
