#include "tests/support/free_port.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

namespace troupe::test {

namespace {

file_descriptor new_socket() {
  return file_descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
}

/// To a port that is free; gives that.
std::uint16_t bind_to_loopback(const file_descriptor& socket) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), generic, size) != 0 || ::getsockname(socket.get(), generic, &size) != 0)
    throw std::system_error(errno, std::generic_category(), "no free port");
  return ntohs(address.sin_port);
}

} // namespace

std::uint16_t free_port() {
  return bind_to_loopback(new_socket());
}

loopback_listener::loopback_listener(int backlog) : socket(new_socket()), port(bind_to_loopback(socket)) {
  if (::listen(socket.get(), backlog) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot listen");
}

} // namespace troupe::test
