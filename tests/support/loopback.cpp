#include "tests/support/loopback.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace troupe::test {

file_descriptor connect_to_loopback(std::uint16_t port) {
  file_descriptor out{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(out.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    out.reset();
  return out;
}

void send_at_once(const file_descriptor& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool send_all(int to, const char* data, std::size_t size) {
  while (size > 0) {
    const auto sent = ::send(to, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR)
      return false;
    const auto done = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    data += done;
    size -= done;
  }
  return true;
}

} // namespace troupe::test
