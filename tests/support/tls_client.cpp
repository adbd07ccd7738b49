#include "tests/support/tls_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <sys/socket.h>

namespace troupe::test {

namespace {

void require(bool done, const char* what) {
  if (!done)
    throw std::runtime_error{std::string{"TLS client: "} + what};
}

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

int receive(BIO* bio, char* into, int size) {
  const auto got = ::recv(socket_of(bio), into, static_cast<std::size_t>(size), 0);
  BIO_clear_retry_flags(bio);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    BIO_set_retry_read(bio);
  else if (got == 0)
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

int send(BIO* bio, const char* from, int size) {
  const auto sent = ::send(socket_of(bio), from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR))
    BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

/// A way to a socket without write(2), which would end the test when the node has gone.
const BIO_METHOD* method() {
  static BIO_METHOD* const made = [] {
    auto* out = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    BIO_meth_set_read(out, receive);
    BIO_meth_set_write(out, send);
    BIO_meth_set_ctrl(out, [](BIO* bio, int command, long, void*) -> long {
      if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return out;
  }();
  return made;
}

} // namespace

void tls_client::free_connection::operator()(ssl_st* what) const noexcept {
  SSL_free(what);
}

void tls_client::free_context::operator()(ssl_ctx_st* what) const noexcept {
  SSL_CTX_free(what);
}

tls_client::tls_client(int socket, const tls_options& options)
    : context_(SSL_CTX_new(TLS_client_method())) {
  auto* context = context_.get();
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (options.at_most_1_2)
    require(SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1, "no TLS 1.2");
  if (!options.authority.empty()) {
    require(SSL_CTX_load_verify_file(context, options.authority.c_str()) == 1, "no authority");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (const auto* file = options.certificate.c_str(); *file != '\0')
    require(SSL_CTX_use_certificate_chain_file(context, file) == 1
                && SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1,
            "no certificate");
  ssl_.reset(SSL_new(context));
  if (!options.server_name.empty())
    SSL_set_tlsext_host_name(ssl_.get(), options.server_name.c_str());
  if (!options.server_name.empty() && !options.authority.empty())
    SSL_set1_host(ssl_.get(), options.server_name.c_str());
  auto* bio = BIO_new(method());
  require(bio != nullptr, "no socket");
  BIO_set_data(bio, reinterpret_cast<void*>(std::intptr_t{socket})); // who closes it is another
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

tls_client::~tls_client() = default;

tls_client::need tls_client::handshake() {
  ERR_clear_error();
  return outcome(SSL_connect(ssl_.get()));
}

tls_client::need tls_client::read(void* into, std::size_t size, std::size_t& got) {
  ERR_clear_error();
  return outcome(SSL_read_ex(ssl_.get(), into, size, &got));
}

tls_client::need tls_client::write(const void* from, std::size_t size, std::size_t& taken) {
  ERR_clear_error();
  return outcome(SSL_write_ex(ssl_.get(), from, size, &taken));
}

void tls_client::shut_down() {
  SSL_shutdown(ssl_.get());
}

bool tls_client::has_pending() const {
  return SSL_has_pending(ssl_.get()) == 1;
}

std::string tls_client::server_title() const {
  std::array<char, 256> text{};
  if (auto* certificate = SSL_get0_peer_certificate(ssl_.get()))
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text.data(),
                              static_cast<int>(text.size()));
  return text.data();
}

tls_client::need tls_client::outcome(int result) {
  if (result > 0)
    return need::nothing;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return need::readable;
    case SSL_ERROR_WANT_WRITE: return need::writable;
    case SSL_ERROR_ZERO_RETURN: return need::end;
    default: break;
  }
  const auto* reason = ERR_reason_error_string(ERR_peek_error());
  problem_ = reason != nullptr ? reason : "the connection has ended";
  return need::failed;
}

} // namespace troupe::test
