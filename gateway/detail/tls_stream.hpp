#pragma once

#include "actors/detail/openssl.hpp"
#include "gateway/detail/tls_step.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe::gateway {

class tls_context;

/// The server's end of TLS over a TCP socket that does not block: OpenSSL reads from it and sends to it,
/// and tells what to wait for. Keeps no bytes of its own, only records that are not whole. The
/// handshake is part of the first reads. One thread.
class tls_stream {
public:
  /// `received`: what has been read from the socket already. The socket is not closed by the stream.
  tls_stream(std::shared_ptr<const tls_context> context, int socket, std::string_view received);
  tls_stream(const tls_stream&) = delete;
  tls_stream& operator=(const tls_stream&) = delete;
  ~tls_stream();

  /// The error `eof`: the client sends nothing more.
  tls_step read(void* into, std::size_t size);

  /// By the last read.
  [[nodiscard]] bool emptied_socket() const noexcept { return emptied_; }
  /// A read may give something without the socket.
  [[nodiscard]] bool has_pending() const noexcept;

  /// When it waits, the next call has the same bytes, perhaps elsewhere, and perhaps more behind.
  tls_step write(const void* from, std::size_t size);

  /// Tells the client that nothing more comes.
  tls_step shut_down();

  /// The socket is closed: it is not touched any more, and every call is an error.
  void lose_socket() noexcept { socket_ = -1; }

private:
  tls_step outcome(int result, std::size_t size);
  void fail();
  int receive(char* into, int size);
  int send(const char* from, int size);
  static const BIO_METHOD* socket_method();

  std::shared_ptr<const tls_context> context_;
  int socket_;
  std::string received_; // before anything that the socket has
  bool ended_ = false;   // the socket has nothing more
  bool emptied_ = false; // it had less than there was room for
  bool failed_ = false;
  detail::ssl_ptr ssl_;
};

} // namespace troupe::gateway
