#include "actors/cluster/peer_connection.hpp"

#include <openssl/err.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace troupe::detail {

namespace {

constexpr std::size_t most_at_once = 64 * 1024;
/// Then others have their turn, though a long message may not be whole yet.
constexpr int most_in_a_row = 16;

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

/// Whether the peer has said something that is no TLS.
bool is_no_tls(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL)
    return false;
  switch (ERR_GET_REASON(error)) {
  case SSL_R_WRONG_VERSION_NUMBER:
  case SSL_R_HTTP_REQUEST:
  case SSL_R_PACKET_LENGTH_TOO_LONG:
  case SSL_R_BAD_RECORD_TYPE: return true;
  default: return false;
  }
}

/// OpenSSL ends such a connection without a word; a node without TLS can tell its operator by this: a fatal alert,
/// "protocol version".
constexpr std::array<char, 7> alert{0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46};

/// The peer's certificate, or what the peer says of ours, or what OpenSSL makes of the rest.
std::string tls_problem(const SSL* tls) {
  const auto last = ERR_peek_last_error();
  if (const auto verdict = SSL_get_verify_result(tls); verdict != X509_V_OK) {
    ERR_clear_error();
    return std::string{"its certificate is refused: "} + X509_verify_cert_error_string(verdict);
  }
  auto words = openssl_problem();
  if (is_no_tls(last))
    return "it does not speak TLS (" + words + ")";
  if (ERR_GET_LIB(last) == ERR_LIB_SSL && ERR_GET_REASON(last) >= SSL_AD_REASON_OFFSET)
    return "it refuses this node's certificate or TLS (" + words + ")";
  return "TLS failed: " + words;
}

} // namespace

peer_connection::peer_connection(int socket, ssl_ptr tls, frame_guard guard, std::chrono::nanoseconds longest_silence)
  : socket_(socket), tls_(std::move(tls)), guard_(std::move(guard)), longest_silence_(longest_silence),
    shaken_(tls_ == nullptr) {
  if (tls_ && SSL_set_fd(tls_.get(), socket_) != 1)
    throw std::runtime_error{"cannot set up TLS: " + openssl_problem()};
}

peer_connection::step peer_connection::shake_hands() {
  if (shaken_)
    return step::done;
  ERR_clear_error();
  const auto result = SSL_do_handshake(tls_.get());
  shaken_ = result == 1;
  return outcome(result);
}

peer_connection::step peer_connection::receive() {
  for (int i = 0; i < most_in_a_row && !guard_.has_frames(); ++i)
    if (const auto now = receive_some(); now != step::done)
      return now;
  return guard_.has_frames() ? step::done : step::wait_to_read;
}

bool peer_connection::read(std::size_t& got, void* into, std::size_t size) {
  got = 0;
  if (!guard_.has_frames())
    switch (receive()) {
    case step::failed: return false;
    case step::wait_to_read:
    case step::wait_to_write: return true;
    case step::done: break;
    }
  got = guard_.give(into, size);
  return true;
}

bool peer_connection::write(std::size_t& sent, const void* from, std::size_t size) {
  sent = 0;
  if (size == 0)
    return true;
  if (tls_) {
    ERR_clear_error();
    return outcome(SSL_write_ex(tls_.get(), from, size, &sent)) != step::failed;
  }
  const auto result = ::send(socket_, from, size, MSG_NOSIGNAL);
  if (result < 0)
    return would_block() || errno == EINTR;
  sent = static_cast<std::size_t>(result);
  return true;
}

bool peer_connection::has_more() const noexcept {
  return guard_.has_frames() || (tls_ && SSL_has_pending(tls_.get()) == 1);
}

peer_connection::step peer_connection::receive_some() {
  std::array<char, most_at_once> buffer;
  std::size_t got = 0;
  if (tls_) {
    ERR_clear_error();
    if (const auto now = outcome(SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &got)); now != step::done)
      return now;
  } else {
    const auto result = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (result < 0 && (would_block() || errno == EINTR))
      return step::wait_to_read;
    if (result <= 0)
      return fail(result == 0 ? "it has closed the connection" : std::generic_category().message(errno), false);
    got = static_cast<std::size_t>(result);
  }
  if (const auto silence = end_of_silence(); longest_silence_.count() != 0 && silence > longest_silence_)
    return fail("nothing was read from it for so long that it may have given this node up", true);
  if (!guard_.take(buffer.data(), got))
    return fail(guard_.problem(), true);
  return step::done;
}

std::chrono::nanoseconds peer_connection::end_of_silence() noexcept {
  const auto now = std::chrono::steady_clock::now();
  const auto before = std::exchange(last_heard_, now);
  return before.time_since_epoch().count() != 0 ? now - before : std::chrono::nanoseconds{0};
}

peer_connection::step peer_connection::outcome(int result) {
  if (result > 0)
    return step::done;
  const auto failed_call = errno;
  switch (SSL_get_error(tls_.get(), result)) {
  case SSL_ERROR_WANT_READ: return step::wait_to_read;
  case SSL_ERROR_WANT_WRITE: return step::wait_to_write;
  case SSL_ERROR_ZERO_RETURN:
  case SSL_ERROR_SYSCALL:
    if (!shaken_)
      return fail("it has closed the connection during the TLS handshake",
                  BIO_number_read(SSL_get_rbio(tls_.get())) > 0); // else it only looks whether the port is open
    return fail(result < 0 && failed_call != 0 ? std::generic_category().message(failed_call)
                                               : "it has closed the connection",
                false);
  default:
    if (!shaken_ && is_no_tls(ERR_peek_last_error()))
      static_cast<void>(::send(socket_, alert.data(), alert.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    return fail(tls_problem(tls_.get()), true);
  }
}

peer_connection::step peer_connection::fail(std::string why, bool suspect) {
  if (problem_.empty()) {
    problem_ = std::move(why);
    suspect_ = suspect;
    if (told_)
      told_(problem_, suspect);
  }
  return step::failed;
}

} // namespace troupe::detail
