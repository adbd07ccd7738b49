#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace troupe::gateway {

using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                    boost::asio::io_context::executor_type>;

/// The bytes of one connection, in both directions; a Beast AsyncStream as well. Belongs to one event
/// loop. Outlives the handlers that it was given; `close` has all of them called, with an error. One
/// read and one write may be under way at a time.
class transport {
public:
  using executor_type = tcp_socket::executor_type;

  /// REQUIRES: `socket` is connected, and its native handle does not block.
  explicit transport(tcp_socket socket) : socket_(std::move(socket)) {}

  [[nodiscard]] executor_type get_executor() noexcept { return socket_.get_executor(); }
  [[nodiscard]] int native_handle() { return socket_.native_handle(); }

  /// Reads what there is, at least a byte. The error `eof`: the client sends nothing more.
  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& into, Handler&& handler) {
    return socket_.async_read_some(into, std::forward<Handler>(handler));
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& from, Handler&& handler) {
    return socket_.async_write_some(from, std::forward<Handler>(handler));
  }

  /// As ::send on a socket that does not block: how many bytes it took, or -1 and the reason in
  /// errno. After EAGAIN, the next call has the same bytes, perhaps elsewhere, perhaps more behind.
  [[nodiscard]] std::ptrdiff_t send(const void* data, std::size_t size);

  /// Calls `handler(error)` when `send` may take more.
  template <class Handler>
  auto async_wait_writable(Handler&& handler) {
    return socket_.async_wait(tcp_socket::wait_write, std::forward<Handler>(handler));
  }

  /// Tells the client that nothing more comes, behind what has been sent.
  void shutdown_send();

  /// Ends the connection at once.
  void close();

private:
  tcp_socket socket_;
};

} // namespace troupe::gateway
