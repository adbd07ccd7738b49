#include "gateway/detail/listener.hpp"

#include "gateway/detail/transport.hpp"

#include <spdlog/spdlog.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace troupe::gateway {

namespace {

/// Without file descriptors, accepting again at once would only spin.
constexpr std::chrono::milliseconds pause_after_error{100};

/// Then others of the loop have their turn.
constexpr int most_at_once = 16;

} // namespace

listener::listener(detail::event_loop& loop, listening_socket socket, on_connection accepted)
  : loop_(loop), acceptor_(loop.io()), accepted_(std::move(accepted)) {
  const auto protocol = protocol_of(socket.native());
  acceptor_.assign(protocol, socket.release());
  acceptor_.native_non_blocking(true);
}

void listener::start() {
  started_ = true;
  if (acceptor_.is_open())
    wait();
}

void listener::close() {
  pause_.disarm();
  if (!acceptor_.is_open())
    return;
  // Closing would reset the connections that wait.
  while (started_ && accept_one() == 0) {
  }
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

void listener::wait() {
  acceptor_.async_wait(decltype(acceptor_)::wait_read, [this, alive = std::weak_ptr<void>{alive_}](
                                                         const boost::system::error_code& ec) {
    if (!ec && !alive.expired())
      accept_some();
  });
}

void listener::accept_some() {
  for (int i = 0; i < most_at_once && acceptor_.is_open(); ++i) {
    const auto failed = accept_one();
    if (failed == EAGAIN || failed == EWOULDBLOCK)
      break;
    if (failed != 0)
      return pause(failed);
  }
  if (acceptor_.is_open())
    wait();
}

/// 0, or why there was none, as in errno.
int listener::accept_one() {
  for (;;) {
    detail::file_descriptor made{
      ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (made) {
      const int on = 1;
      ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      accepted_(std::move(made));
      return 0;
    }
    if (errno != EINTR && errno != ECONNABORTED)
      return errno;
  }
}

void listener::pause(int why) {
  spdlog::warn("cannot accept connections: {}", std::generic_category().message(why));
  pause_.arm(
    loop_.timers(), std::chrono::steady_clock::now() + pause_after_error,
    [](void* self) { static_cast<listener*>(self)->accept_some(); }, this);
}

} // namespace troupe::gateway
