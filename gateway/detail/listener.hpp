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
  using on_connection = std::function<void(tcp_socket&&)>;

  listener(detail::event_loop& loop, listening_socket socket, on_connection accepted);

  void start();
  void close();

private:
  void accept();
  void pause(const boost::system::error_code& why);

  detail::event_loop& loop_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                     boost::asio::io_context::executor_type>
    acceptor_;
  on_connection accepted_;
  std::shared_ptr<void> open_ = std::make_shared<char>(); // gone once it is closed
  detail::timer pause_;
};

} // namespace troupe::gateway
