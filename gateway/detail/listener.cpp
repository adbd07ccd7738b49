#include "gateway/detail/listener.hpp"

#include "gateway/detail/peer.hpp"

#include <spdlog/spdlog.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace troupe::gateway {

namespace {

/// Without file descriptors, accepting again at once would only spin.
constexpr std::chrono::milliseconds pause_after_error{100};

/// Then others of the loop have their turn.
constexpr int most_at_once = 16;

/// As many connections as came lately are accepted at once: to find that there is no further one costs a system call,
/// a tenth of what a connection costs. After so many turns of which each had its full number, it is tried with more.
constexpr int full_turns_before_more = 4;

} // namespace

listener::listener(detail::timer_queue& timers, detail::poller& sockets, listening_socket socket, on_connection accepted)
  : timers_(timers), sockets_(sockets), socket_(socket.release()), accepted_(std::move(accepted)) {
  const int on = 1; // for what is accepted from it, which takes it over
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

listener::~listener() {
  leave();
}

void listener::start() {
  started_ = true;
  if (socket_)
    watch();
}

void listener::close() {
  pause_.disarm();
  leave();
  // Closing would reset the connections that wait.
  while (socket_ && started_ && accept_one() == 0) {
  }
  socket_ = {};
}

void listener::watch() {
  // Not edge-triggered: what is left in one turn is told again in the next one.
  watched_ = sockets_.add(socket_.get(), *this, EPOLLIN);
  if (!watched_)
    pause(errno);
}

void listener::leave() noexcept {
  if (std::exchange(watched_, false))
    sockets_.remove(socket_.get(), *this);
}

void listener::on_socket(std::uint32_t) {
  for (int accepted = 0; accepted < turn_; ++accepted) {
    const auto failed = accept_one();
    if (failed == EAGAIN || failed == EWOULDBLOCK) {
      turn_ = std::max(accepted, 1);
      full_turns_ = 0;
      return;
    }
    if (failed != 0)
      return pause(failed);
    if (!socket_)
      return;
  }
  if (++full_turns_ == full_turns_before_more) {
    turn_ = std::min(2 * turn_, most_at_once);
    full_turns_ = 0;
  }
}

/// 0, or why there was none, as in errno.
int listener::accept_one() {
  for (;;) {
    sockaddr_storage client{};
    socklen_t size = sizeof client;
    detail::file_descriptor made{
      ::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&client), &size, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (made) {
      accepted_(std::move(made), ip_of(client));
      return 0;
    }
    if (errno != EINTR && errno != ECONNABORTED)
      return errno;
  }
}

void listener::pause(int why) {
  spdlog::warn("cannot accept connections: {}", std::generic_category().message(why));
  leave();
  pause_.arm(
    timers_, std::chrono::steady_clock::now() + pause_after_error,
    [](void* self) { static_cast<listener*>(self)->watch(); }, this);
}

} // namespace troupe::gateway
