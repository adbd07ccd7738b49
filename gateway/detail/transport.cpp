#include "gateway/detail/transport.hpp"

#include "gateway/detail/tls_stream.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace troupe::gateway {

boost::asio::ip::tcp protocol_of(int socket) noexcept {
  using boost::asio::ip::tcp;
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size);
  return bound.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

transport::transport(boost::asio::io_context& io, detail::file_descriptor socket)
  : socket_(io.get_executor()), plain_(std::move(socket)) {}

transport::~transport() {
  leave_poller();
}

bool transport::watch(detail::poller& at, user& who) {
  if (!at.add(plain_.get(), *this))
    return false;
  poller_ = &at;
  user_ = &who;
  return true;
}

void transport::leave_poller() noexcept {
  if (auto* at = std::exchange(poller_, nullptr); at != nullptr)
    at->remove(plain_.get(), *this);
}

void transport::use_asio() {
  leave_poller();
  if (!plain_)
    return;
  boost::system::error_code ec;
  socket_.assign(protocol_of(plain_.get()), plain_.get(), ec);
  if (!ec) // otherwise every operation fails
    static_cast<void>(plain_.release());
}

void transport::start_tls(std::shared_ptr<const tls_context> context, std::string_view received) {
  tls_ = std::make_unique<tls_stream>(std::move(context), native_handle(), received);
  buffered_ = !received.empty();
}

// -- watched ----------------------------------------------------------------------------------------

void transport::want_read() {
  wants_read_ = true;
  if (may_receive() && receive_needs_ == tls_step::wait::readable)
    poller_->again(*this);
}

void transport::on_socket(std::uint32_t events) {
  hung_up_ = hung_up_ || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  readable_ = readable_ || hung_up_ || (events & EPOLLIN) != 0;
  const bool writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  const auto owner = writable ? std::exchange(shutting_down_, nullptr) : nullptr;
  if (owner)
    shutdown_send(owner);
  // TLS may have to answer the client before it can read, or to hear of it before it can write.
  const auto reads = wants_read_ && (receive_needs_ == tls_step::wait::readable ? may_receive() : writable);
  const auto writes = wants_write_ && (send_needs_ == tls_step::wait::writable ? writable : readable_);
  wants_read_ = wants_read_ && !reads;
  wants_write_ = wants_write_ && !writes;
  if (reads || writes)
    user_->on_ready(reads, writes);
}

std::ptrdiff_t transport::receive(void* into, std::size_t size) {
  if (tls_)
    return receive_decrypted(into, size);
  ssize_t got = 0;
  while ((got = ::recv(plain_.get(), into, size, 0)) < 0 && errno == EINTR) {
  }
  // Less than there was room for: what comes from now on is told. That of the end has been told, perhaps.
  if (got < 0 || (static_cast<std::size_t>(got) < size && !hung_up_))
    readable_ = false;
  return got;
}

std::ptrdiff_t transport::receive_decrypted(void* into, std::size_t size) {
  const auto got = tls_->read(into, size);
  receive_needs_ = got.needed == tls_step::wait::writable ? got.needed : tls_step::wait::readable;
  if (got.needed == tls_step::wait::readable || (tls_->emptied_socket() && !hung_up_))
    readable_ = false;
  buffered_ = got.size > 0 && tls_->has_pending();
  if (got.size > 0)
    return static_cast<std::ptrdiff_t>(got.size);
  errno = got.needed == tls_step::wait::none ? ECONNABORTED : EAGAIN;
  if (got.error != boost::asio::error::eof)
    return -1;
  readable_ = true; // the end can be read again, whatever of the socket's end has come
  return 0;
}

// -- both -------------------------------------------------------------------------------------------

tls_step transport::step(boost::asio::mutable_buffer into) {
  return tls_->read(into.data(), into.size());
}

tls_step transport::step(boost::asio::const_buffer from) {
  return tls_->write(from.data(), from.size());
}

std::ptrdiff_t transport::send(const void* data, std::size_t size) {
  if (!tls_)
    return ::send(native_handle(), data, size, MSG_NOSIGNAL);
  const auto done = tls_->write(data, size);
  if (done.needed == tls_step::wait::none && !done.error)
    return static_cast<std::ptrdiff_t>(done.size);
  send_needs_ = done.needed;
  if (done.needed == tls_step::wait::readable)
    readable_ = false;
  errno = done.error ? EPIPE : EAGAIN;
  return -1;
}

void transport::shutdown_send(std::shared_ptr<void> owner) {
  if (tls_ && tls_->shut_down().needed == tls_step::wait::writable) {
    if (watched()) {
      shutting_down_ = std::move(owner);
      return;
    }
    socket_.async_wait(tcp_socket::wait_write,
                       [this, owner = std::move(owner)](const boost::system::error_code& ec) {
                         if (!ec)
                           shutdown_send(owner);
                       });
    return;
  }
  ::shutdown(native_handle(), SHUT_WR);
}

void transport::reset() {
  const linger at_once{1, 0};
  ::setsockopt(native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  if (tls_)
    tls_->lose_socket();
  close();
}

void transport::close() {
  const auto last = std::exchange(shutting_down_, nullptr);
  leave_poller();
  if (!plain_ && !socket_.is_open())
    return;
  if (tls_) {
    static_cast<void>(tls_->shut_down()); // as far as there is room for it
    tls_->lose_socket();
  }
  plain_ = {};
  boost::system::error_code ignored;
  socket_.close(ignored);
}

} // namespace troupe::gateway
