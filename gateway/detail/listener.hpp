#pragma once

#include "actors/detail/event_loop.hpp"
#include "actors/detail/file_descriptor.hpp"
#include "gateway/listening.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>

namespace troupe::gateway {

/// Accepts connections on one event loop.
class listener {
public:
  /// The socket does not block.
  using on_connection = std::function<void(detail::file_descriptor)>;

  listener(detail::event_loop& loop, listening_socket socket, on_connection accepted);

  void start();

  /// Accepts what waits, then nothing more.
  void close();

  [[nodiscard]] bool is_open() const noexcept { return acceptor_.is_open(); }
  [[nodiscard]] int native_handle() { return acceptor_.native_handle(); }

private:
  void wait();
  void accept_some();
  [[nodiscard]] int accept_one();
  void pause(int why);

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
