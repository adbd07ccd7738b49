#include "gateway/detail/listener.hpp"

#include <spdlog/spdlog.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace troupe::gateway {

namespace {

/// Without file descriptors, accepting again at once would only spin.
constexpr std::chrono::milliseconds pause_after_error{100};

} // namespace

listener::listener(detail::event_loop& loop, listening_socket socket, on_connection accepted)
  : loop_(loop), acceptor_(loop.io()), accepted_(std::move(accepted)) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(socket.native(), reinterpret_cast<sockaddr*>(&bound), &size);
  acceptor_.assign(bound.ss_family == AF_INET6 ? boost::asio::ip::tcp::v6()
                                               : boost::asio::ip::tcp::v4(),
                   socket.release());
}

void listener::start() {
  started_ = true;
  if (acceptor_.is_open())
    accept();
}

void listener::close() {
  pause_.disarm();
  if (!acceptor_.is_open())
    return;
  if (started_)
    accept_rest();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

/// Closing would reset the connections that wait.
void listener::accept_rest() {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&bound), &size);
  const auto protocol = bound.ss_family == AF_INET6 ? boost::asio::ip::tcp::v6()
                                                    : boost::asio::ip::tcp::v4();
  for (;;) {
    const auto handle = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    if (handle < 0 && errno != EINTR && errno != ECONNABORTED)
      return;
    if (handle >= 0)
      take(tcp_socket{loop_.io(), protocol, handle});
  }
}

void listener::take(tcp_socket&& socket) {
  boost::system::error_code ignored;
  socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
  socket.native_non_blocking(true, ignored);
  accepted_(std::move(socket));
}

void listener::accept() {
  acceptor_.async_accept(loop_.io(), [this, alive = std::weak_ptr<void>{alive_}](
                                       const boost::system::error_code& ec, auto socket) {
    if (alive.expired())
      return;
    if (!ec)
      take(std::move(socket)); // also one that had come before it was closed
    if (alive.expired() || !acceptor_.is_open())
      return;
    ec ? pause(ec) : accept();
  });
}

void listener::pause(const boost::system::error_code& why) {
  spdlog::warn("cannot accept connections: {}", why.message());
  pause_.arm(
    loop_.timers(), std::chrono::steady_clock::now() + pause_after_error,
    [](void* self) { static_cast<listener*>(self)->accept(); }, this);
}

} // namespace troupe::gateway
