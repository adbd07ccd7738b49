#include "gateway/detail/transport.hpp"

#include <sys/socket.h>

namespace troupe::gateway {

std::ptrdiff_t transport::send(const void* data, std::size_t size) {
  return ::send(socket_.native_handle(), data, size, MSG_NOSIGNAL);
}

void transport::shutdown_send() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void transport::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

} // namespace troupe::gateway
