#include "gateway/detail/transport.hpp"

#include "gateway/detail/tls_stream.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace troupe::gateway {

transport::transport(tcp_socket socket) : socket_(std::move(socket)) {}

transport::~transport() = default;

void transport::start_tls(std::shared_ptr<const tls_context> context, std::string_view received) {
  tls_ = std::make_unique<tls_stream>(std::move(context), socket_.native_handle(), received);
}

tls_step transport::step(boost::asio::mutable_buffer into) {
  return tls_->read(into.data(), into.size());
}

tls_step transport::step(boost::asio::const_buffer from) {
  return tls_->write(from.data(), from.size());
}

std::ptrdiff_t transport::send(const void* data, std::size_t size) {
  if (!tls_)
    return ::send(socket_.native_handle(), data, size, MSG_NOSIGNAL);
  const auto done = tls_->write(data, size);
  if (done.needed == tls_step::wait::none && !done.error)
    return static_cast<std::ptrdiff_t>(done.size);
  send_needs_ = done.needed;
  errno = done.error ? EPIPE : EAGAIN;
  return -1;
}

void transport::shutdown_send(std::shared_ptr<void> owner) {
  if (tls_ && tls_->shut_down().needed == tls_step::wait::writable) {
    socket_.async_wait(tcp_socket::wait_write,
                       [this, owner = std::move(owner)](const boost::system::error_code& ec) {
                         if (!ec)
                           shutdown_send(owner);
                       });
    return;
  }
  boost::system::error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void transport::reset() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
  if (tls_)
    tls_->lose_socket();
  socket_.close(ignored);
}

void transport::close() {
  if (!socket_.is_open())
    return;
  if (tls_) {
    static_cast<void>(tls_->shut_down()); // as far as there is room for it
    tls_->lose_socket();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

} // namespace troupe::gateway
