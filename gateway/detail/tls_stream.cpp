#include "gateway/detail/tls_stream.hpp"

#include "config/network.hpp"
#include "gateway/detail/peer.hpp"
#include "gateway/detail/tls_context.hpp"

#include <boost/asio/error.hpp>
#include <openssl/err.h>
#include <spdlog/spdlog.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace troupe::gateway {

namespace {

/// To who has typed http:// and the port of HTTPS.
constexpr std::string_view answer_to_plain_http =
  "HTTP/1.1 400 Bad Request\r\nServer: troupe\r\nConnection: close\r\nContent-Type: text/plain\r\n"
  "Content-Length: 47\r\n\r\nThis address speaks HTTPS, and HTTP has come.\r\n";

tls_step failure_of(boost::asio::error::basic_errors why) {
  return {0, tls_step::wait::none, why};
}

} // namespace

tls_stream::tls_stream(std::shared_ptr<const tls_context> context, int socket,
                       std::string_view received)
  : context_(std::move(context)), socket_(socket), received_(received),
    ssl_(context_->new_connection()) {
  auto* bio = BIO_new(socket_method());
  if (bio == nullptr)
    throw std::bad_alloc{};
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio); // which owns it
}

tls_stream::~tls_stream() = default;

tls_step tls_stream::read(void* into, std::size_t size) {
  emptied_ = false;
  if (failed_)
    return failure_of(boost::asio::error::connection_aborted);
  ERR_clear_error();
  std::size_t got = 0;
  return outcome(SSL_read_ex(ssl_.get(), into, size, &got), got);
}

bool tls_stream::has_pending() const noexcept {
  return SSL_has_pending(ssl_.get()) == 1 || !received_.empty();
}

tls_step tls_stream::write(const void* from, std::size_t size) {
  if (failed_)
    return failure_of(boost::asio::error::connection_aborted);
  ERR_clear_error();
  std::size_t taken = 0;
  return outcome(SSL_write_ex(ssl_.get(), from, size, &taken), taken);
}

tls_step tls_stream::shut_down() {
  // Before the handshake is done there is nobody to tell.
  if (failed_ || SSL_in_init(ssl_.get()) == 1)
    return failure_of(boost::asio::error::not_connected);
  ERR_clear_error();
  const auto result = SSL_shutdown(ssl_.get()); // 0: sent, and the client's own has not come
  return result >= 0 ? tls_step{} : outcome(result, 0);
}

tls_step tls_stream::outcome(int result, std::size_t size) {
  if (result > 0)
    return {size, tls_step::wait::none, {}};
  switch (SSL_get_error(ssl_.get(), result)) {
  case SSL_ERROR_WANT_READ: return {0, tls_step::wait::readable, {}};
  case SSL_ERROR_WANT_WRITE: return {0, tls_step::wait::writable, {}};
  case SSL_ERROR_ZERO_RETURN: return {0, tls_step::wait::none, boost::asio::error::eof};
  default:
    fail();
    return failure_of(boost::asio::error::connection_aborted);
  }
}

void tls_stream::fail() {
  failed_ = true;
  const auto first = ERR_peek_error();
  if (first == 0)
    return; // the socket has ended
  if (ERR_GET_LIB(first) == ERR_LIB_SSL && ERR_GET_REASON(first) == SSL_R_HTTP_REQUEST)
    send(answer_to_plain_http.data(), static_cast<int>(answer_to_plain_http.size()));
  if (spdlog::should_log(spdlog::level::debug)) {
    const auto client = peer_address(socket_);
    spdlog::debug("TLS with {} failed: {}", client ? config::to_string(*client) : "a client",
                  detail::openssl_problem());
  }
  ERR_clear_error();
}

// -- the socket, as OpenSSL sees it -----------------------------------------------------------------

int tls_stream::receive(char* into, int size) {
  const auto room = static_cast<std::size_t>(size);
  if (!received_.empty()) {
    const auto taken = std::min(room, received_.size());
    std::memcpy(into, received_.data(), taken);
    received_.erase(0, taken);
    return static_cast<int>(taken);
  }
  ssize_t got = 0;
  while ((got = ::recv(socket_, into, room, 0)) < 0 && errno == EINTR) {
  }
  ended_ = got == 0;
  emptied_ = got < size;
  return static_cast<int>(got);
}

int tls_stream::send(const char* from, int size) {
  ssize_t sent = 0;
  while ((sent = ::send(socket_, from, static_cast<std::size_t>(size), MSG_NOSIGNAL)) < 0
         && errno == EINTR) {
  }
  return static_cast<int>(sent);
}

const BIO_METHOD* tls_stream::socket_method() {
  static const detail::bio_method_ptr made = [] {
    // OpenSSL's own sends by write(2), which ends the process when the client has gone.
    detail::bio_method_ptr out{BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "troupe socket")};
    if (!out)
      throw std::bad_alloc{};
    BIO_meth_set_read(out.get(), [](BIO* bio, char* into, int size) {
      BIO_clear_retry_flags(bio);
      const auto got = static_cast<tls_stream*>(BIO_get_data(bio))->receive(into, size);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_read(bio);
      return got;
    });
    BIO_meth_set_write(out.get(), [](BIO* bio, const char* from, int size) {
      BIO_clear_retry_flags(bio);
      const auto sent = static_cast<tls_stream*>(BIO_get_data(bio))->send(from, size);
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_retry_write(bio);
      return sent;
    });
    BIO_meth_set_ctrl(out.get(), [](BIO* bio, int command, long, void*) -> long {
      if (command == BIO_CTRL_EOF)
        return static_cast<tls_stream*>(BIO_get_data(bio))->ended_ ? 1 : 0;
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return out;
  }();
  return made.get();
}

} // namespace troupe::gateway
