#include "tests/support/free_port.hpp"

#include "tests/support/file_descriptor.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

namespace troupe::test {

std::uint16_t free_port() {
  file_descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), generic, size) != 0 || ::getsockname(socket.get(), generic, &size) != 0)
    throw std::system_error(errno, std::generic_category(), "no free port");
  return ntohs(address.sin_port);
}

} // namespace troupe::test
