#pragma once

#include "actors/detail/file_descriptor.hpp"
#include "actors/detail/poller.hpp"
#include "actors/detail/timer.hpp"
#include "config/network.hpp"
#include "gateway/listening.hpp"

#include <functional>
#include <optional>

namespace troupe::gateway {

/// Accepts connections on one event loop.
class listener final : private detail::poller::watched {
public:
  /// The socket does not block and sends at once (TCP_NODELAY). None: the client's address is neither IPv4 nor IPv6.
  using on_connection = std::function<void(detail::file_descriptor, std::optional<config::ip_address>)>;

  /// `timers` and `sockets` outlive it.
  listener(detail::timer_queue& timers, detail::poller& sockets, listening_socket socket, on_connection accepted);
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  ~listener();

  void start();

  /// Accepts what waits, then nothing more.
  void close();

  [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(socket_); }
  [[nodiscard]] int native_handle() const noexcept { return socket_.get(); }

private:
  void on_socket(std::uint32_t events) override;
  void watch();
  void leave() noexcept;
  [[nodiscard]] int accept_one();
  void pause(int why);

  detail::timer_queue& timers_;
  detail::poller& sockets_;
  detail::file_descriptor socket_;
  on_connection accepted_;
  detail::timer pause_;
  bool started_ = false;
  bool watched_ = false;
  int turn_ = 1;       // how many to accept before others have their turn
  int full_turns_ = 0; // with so many, one behind the other
};

} // namespace troupe::gateway
