#pragma once

#include "actors/detail/file_descriptor.hpp"
#include "actors/detail/poller.hpp"
#include "gateway/detail/tls_step.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace troupe::gateway {

class tls_context;
class tls_stream;

using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                    boost::asio::io_context::executor_type>;

/// IPv4 or IPv6, by the address that the socket is bound to.
[[nodiscard]] boost::asio::ip::tcp protocol_of(int socket) noexcept;

/// The bytes of one connection, in both directions, with TLS or without; an AsyncStream of Asio's as well.
/// Belongs to one event loop. Outlives the handlers that it was given; `close` has all of them
/// called, with an error. One read and one write may be under way at a time.
///
/// Connections of HTTP tell their user when they are ready, through a poller, from `watch` on. For who calls
/// `use_asio` there are asynchronous operations instead.
class transport final : private detail::poller::watched {
public:
  using executor_type = tcp_socket::executor_type;

  class user {
  public:
    /// What it has asked for. May destroy the transport.
    virtual void on_ready(bool readable, bool writable) = 0;

  protected:
    ~user() = default;
  };

  /// REQUIRES: `socket` is connected, and does not block.
  transport(boost::asio::io_context& io, detail::file_descriptor socket);
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;
  ~transport();

  /// From here on the client speaks TLS, beginning with `received`, which was read before. REQUIRES:
  /// nothing is under way. Throws std::runtime_error.
  void start_tls(std::shared_ptr<const tls_context> context, std::string_view received);

  /// From here on `who` can ask to be told. False: the kernel watches as many sockets as it can.
  [[nodiscard]] bool watch(detail::poller& at, user& who);
  /// The asynchronous operations may be used from here on, and nobody is told any more.
  void use_asio();

  /// Between `watch` and `use_asio`.
  [[nodiscard]] bool watched() const noexcept { return poller_ != nullptr; }
  /// REQUIRES, as for the next two: watched(). Calls `on_ready` once, when `receive` may give something, but
  /// never from within.
  void want_read();
  /// The same, when `send` may take something again. REQUIRES: it gave EAGAIN.
  void want_write() noexcept { wants_write_ = true; }
  /// As ::recv on a socket that does not block: 0 is the end, of the other side's TLS as well.
  [[nodiscard]] std::ptrdiff_t receive(void* into, std::size_t size);

  [[nodiscard]] executor_type get_executor() noexcept { return socket_.get_executor(); }
  [[nodiscard]] int native_handle() { return socket_.is_open() ? socket_.native_handle() : plain_.get(); }

  /// Reads what there is, at least a byte. The error `eof`: the client sends nothing more.
  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& into, Handler&& handler) {
    if (!tls_)
      return socket_.async_read_some(into, std::forward<Handler>(handler));
    using operation = tls_operation<boost::asio::mutable_buffer>;
    return boost::asio::async_compose<Handler, void(boost::system::error_code, std::size_t)>(
      operation{*this, first_of<boost::asio::mutable_buffer>(into)}, handler, socket_);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& from, Handler&& handler) {
    if (!tls_)
      return socket_.async_write_some(from, std::forward<Handler>(handler));
    using operation = tls_operation<boost::asio::const_buffer>;
    return boost::asio::async_compose<Handler, void(boost::system::error_code, std::size_t)>(
      operation{*this, first_of<boost::asio::const_buffer>(from)}, handler, socket_);
  }

  /// As ::send on a socket that does not block: how many bytes it took, or -1 and the reason in
  /// errno. After EAGAIN, the next call has the same bytes, perhaps elsewhere, perhaps more behind.
  [[nodiscard]] std::ptrdiff_t send(const void* data, std::size_t size);

  /// Tells the client that nothing more comes, behind what has been sent. Keeps `owner`, in which
  /// the transport lives, until that has gone out.
  void shutdown_send(std::shared_ptr<void> owner);

  /// Ends the connection at once.
  void close();

  /// The same, so that the client sees an error instead of an end.
  void reset();

private:
  /// A read or write of a tls_stream, tried until it has come to an end.
  template <class Buffer>
  struct tls_operation {
    transport& at;
    Buffer buffer;
    tls_step last{0, tls_step::wait::readable, {}};
    bool begun = false;

    template <class Self>
    void operator()(Self& self, boost::system::error_code ec = {}, std::size_t = 0) {
      if (ec || last.needed == tls_step::wait::none)
        return self.complete(ec ? ec : last.error, last.size);
      last = at.step(buffer);
      if (last.needed != tls_step::wait::none) {
        begun = true;
        at.socket_.async_wait(wait_of(last.needed), std::move(self));
      } else if (begun) {
        self.complete(last.error, last.size);
      } else {
        boost::asio::post(at.get_executor(), std::move(self)); // never from within its beginning
      }
    }
  };

  /// One that is not empty: a read or write of some bytes need not use the others.
  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& all) {
    for (auto each = boost::asio::buffer_sequence_begin(all);
         each != boost::asio::buffer_sequence_end(all); ++each)
      if (Buffer found{*each}; found.size() > 0)
        return found;
    return {};
  }

  static tcp_socket::wait_type wait_of(tls_step::wait needed) noexcept {
    return needed == tls_step::wait::readable ? tcp_socket::wait_read : tcp_socket::wait_write;
  }

  tls_step step(boost::asio::mutable_buffer into);
  tls_step step(boost::asio::const_buffer from);
  std::ptrdiff_t receive_decrypted(void* into, std::size_t size);
  [[nodiscard]] bool may_receive() const noexcept { return readable_ || buffered_; }

  void on_socket(std::uint32_t events) override;
  void leave_poller() noexcept;

  tcp_socket socket_;             // Asio's, which is not open before `use_asio`
  detail::file_descriptor plain_; // until then
  detail::poller* poller_ = nullptr;
  user* user_ = nullptr;
  bool wants_read_ = false;
  bool wants_write_ = false;
  bool readable_ = false; // as far as is known
  bool hung_up_ = false;  // the end comes behind what there is to read
  std::unique_ptr<tls_stream> tls_; // null: plain TCP
  bool buffered_ = false;           // by it, and perhaps a whole record
  tls_step::wait receive_needs_ = tls_step::wait::readable;
  tls_step::wait send_needs_ = tls_step::wait::writable;
  std::shared_ptr<void> shutting_down_; // whose transport it is, until the client can be told
};

} // namespace troupe::gateway
