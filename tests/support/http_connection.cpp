#include "tests/support/http_connection.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace troupe::test {

namespace {

short wait_for(int socket, short events, milliseconds limit, const char* doing) {
  const deadline end{limit};
  pollfd ready{socket, events, 0};
  int count = 0;
  while ((count = ::poll(&ready, 1, end.poll_timeout())) < 0 && errno == EINTR) {
  }
  if (count == 0)
    throw connection_error{std::string{"too slow while "} + doing, false};
  return ready.revents;
}

std::size_t to_number(std::string_view text, int base) {
  std::size_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (problem != std::errc{} || end != text.data() + text.size())
    throw connection_error{"not a number: " + std::string{text}, true};
  return value;
}

} // namespace

http_connection::http_connection(std::uint16_t port, milliseconds limit) : limit_(limit) {
  socket_ = file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail(std::string{"connect: "} + std::strerror(errno));
  int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

http_connection::http_connection(std::uint16_t port, const tls_options& tls, milliseconds limit)
    : http_connection(port, limit) {
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
  ::send(socket_.get(), tls.before.data(), tls.before.size(), MSG_NOSIGNAL | MSG_MORE);
  tls_ = std::make_unique<tls_client>(socket_.get(), tls);
  for (;;) {
    switch (tls_->handshake()) {
      case tls_client::need::nothing: return;
      case tls_client::need::readable: wait(POLLIN, "shaking hands"); break;
      case tls_client::need::writable: wait(POLLOUT, "shaking hands"); break;
      case tls_client::need::end:
      case tls_client::need::failed: fail("TLS: " + tls_->problem());
    }
  }
}

void http_connection::wait(short events, const char* doing) const {
  wait_for(socket_.get(), events, limit_, doing);
}

void http_connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    wait_for(socket_.get(), POLLOUT, limit_, "sending");
    auto sent = send_some(bytes);
    if (sent < 0)
      fail(std::string{"send: "} + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void http_connection::send_byte_by_byte(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    send(bytes.substr(i, 1));
}

http_response http_connection::read(bool to_head) {
  mid_response_ = !received_.empty();
  http_response response;
  auto line = take_line();
  auto first = line.find(' ');
  auto second = line.find(' ', first + 1);
  if (!line.starts_with("HTTP/1.") || second != first + 4)
    fail("no status line: " + line);
  response.version = line.substr(0, first);
  response.status = static_cast<int>(to_number(std::string_view{line}.substr(first + 1, 3), 10));
  response.reason = line.substr(second + 1);
  read_headers(response);

  if (to_head || response.status / 100 == 1 || response.status == 204 || response.status == 304) {
    mid_response_ = false;
    return response;
  }
  if (response.header("Transfer-Encoding") == "chunked")
    response.body = read_chunked();
  else if (auto length = response.header("Content-Length"))
    response.body = take(to_number(*length, 10));
  else
    response.body = read_to_end();
  mid_response_ = false;
  return response;
}

http_response http_connection::exchange(std::string_view bytes, bool to_head) {
  if (tls_) { // what can be read may be no answer, but TLS itself
    send(bytes);
    return read(to_head);
  }
  while (!bytes.empty()) {
    auto ready = wait_for(socket_.get(), POLLOUT | POLLIN, limit_, "sending");
    auto sent = (ready & POLLOUT) != 0 ? send_some(bytes) : -1;
    if (sent < 0)
      break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return read(to_head);
}

bool http_connection::closed_by_server() {
  while (received_.empty())
    if (!read_some())
      return true;
  return false;
}

bool http_connection::quiet() {
  pollfd ready{socket_.get(), POLLIN, 0};
  return received_.empty() && ::poll(&ready, 1, 0) == 0;
}

void http_connection::reset() {
  const ::linger at_once{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket_.reset();
}

void http_connection::shut_down_sending() {
  if (tls_)
    tls_->shut_down();
  else
    ::shutdown(socket_.get(), SHUT_WR);
}

ssize_t http_connection::send_some(std::string_view bytes) {
  if (tls_) {
    std::size_t taken = 0;
    switch (tls_->write(bytes.data(), bytes.size(), taken)) {
      case tls_client::need::nothing: return static_cast<ssize_t>(taken);
      case tls_client::need::readable:
      case tls_client::need::writable: return 0;
      case tls_client::need::end:
      case tls_client::need::failed: return -1;
    }
  }
  auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : sent;
}

ssize_t http_connection::receive(char* into, std::size_t size) {
  if (!tls_)
    return ::recv(socket_.get(), into, size, 0);
  std::size_t got = 0;
  errno = ECONNRESET;
  switch (tls_->read(into, size, got)) {
    case tls_client::need::nothing: return static_cast<ssize_t>(got);
    case tls_client::need::readable:
    case tls_client::need::writable: errno = EINTR; return -1; // part of a record
    case tls_client::need::end: return 0;
    case tls_client::need::failed: break;
  }
  return -1;
}

bool http_connection::was_reset() {
  std::array<char, 65536> buffer;
  for (;;) {
    wait(POLLIN, "receiving");
    const auto size = receive(buffer.data(), buffer.size());
    if (size == 0)
      return false;
    if (size < 0 && errno != EINTR)
      return errno == ECONNRESET;
  }
}

bool http_connection::read_some() {
  std::array<char, 65536> buffer;
  if (!tls_ || !tls_->has_pending())
    wait(POLLIN, "receiving");
  auto size = receive(buffer.data(), buffer.size());
  if (size < 0 && errno == EINTR)
    return true;
  if (size < 0 && errno != ECONNRESET)
    fail(std::string{"receive: "} + std::strerror(errno));
  if (size < 0)
    return false;
  mid_response_ = mid_response_ || size > 0;
  received_.append(buffer.data(), static_cast<std::size_t>(size));
  return size > 0;
}

std::string http_connection::take(std::size_t size) {
  while (received_.size() < size)
    if (!read_some())
      fail("closed within a response");
  auto taken = received_.substr(0, size);
  received_.erase(0, size);
  return taken;
}

std::string http_connection::take_line() {
  std::size_t end = 0;
  while ((end = received_.find("\r\n")) == std::string::npos)
    if (!read_some())
      fail(received_.empty() ? "closed" : "closed within a line");
  auto line = received_.substr(0, end);
  received_.erase(0, end + 2);
  return line;
}

void http_connection::read_headers(http_response& response) {
  for (auto line = take_line(); !line.empty(); line = take_line()) {
    auto colon = line.find(": ");
    if (colon == std::string::npos)
      fail("no header field: " + line);
    response.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
}

std::string http_connection::read_chunked() {
  std::string body;
  for (;;) {
    auto size = to_number(take_line(), 16);
    body += take(size);
    if (!take_line().empty())
      fail("chunk is longer than it says");
    if (size == 0)
      return body;
  }
}

std::string http_connection::read_to_end() {
  while (read_some()) {
  }
  return std::exchange(received_, {});
}

void http_connection::fail(const std::string& what) const {
  throw connection_error{what, mid_response_};
}

} // namespace troupe::test
