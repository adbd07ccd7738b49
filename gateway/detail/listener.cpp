#include "gateway/detail/listener.hpp"

#include <spdlog/spdlog.h>

#include <netinet/in.h>
#include <sys/socket.h>

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
  if (acceptor_.is_open())
    accept();
}

void listener::close() {
  open_.reset();
  pause_.disarm();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

void listener::accept() {
  acceptor_.async_accept(loop_.io(), [this, open = std::weak_ptr<void>{open_}](
                                       const boost::system::error_code& ec, auto socket) {
    if (open.expired())
      return; // closed, perhaps after this connection had come; `this` may be gone
    if (ec) {
      pause(ec);
      return;
    }
    boost::system::error_code ignored;
    socket.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
    socket.native_non_blocking(true, ignored);
    accepted_(std::move(socket));
    if (!open.expired())
      accept();
  });
}

void listener::pause(const boost::system::error_code& why) {
  spdlog::warn("cannot accept connections: {}", why.message());
  pause_.arm(
    loop_.timers(), std::chrono::steady_clock::now() + pause_after_error,
    [](void* self) { static_cast<listener*>(self)->accept(); }, this);
}

} // namespace troupe::gateway
