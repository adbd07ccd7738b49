#pragma once

#include "actors/detail/event_loop.hpp"
#include "gateway/detail/session.hpp"
#include "gateway/listening.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <functional>
#include <memory>

namespace troupe::gateway {

/// Accepts connections on one event loop.
class listener {
public:
  // What it has accepted when it is destroyed before `close` is lost.
  using on_connection = std::function<void(tcp_socket&&)>;

  listener(detail::event_loop& loop, listening_socket socket, on_connection accepted);

  void start();

  /// Accepts what waits, then nothing more.
  void close();

  [[nodiscard]] bool is_open() const noexcept { return acceptor_.is_open(); }
  [[nodiscard]] int native_handle() { return acceptor_.native_handle(); }

private:
  void accept();
  void accept_rest();
  void take(tcp_socket&& socket);
  void pause(const boost::system::error_code& why);

  detail::event_loop& loop_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                     boost::asio::io_context::executor_type>
    acceptor_;
  on_connection accepted_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
  detail::timer pause_;
  bool started_ = false;
};

} // namespace troupe::gateway
