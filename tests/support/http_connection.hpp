#pragma once

#include "tests/support/deadline.hpp"
#include "tests/support/file_descriptor.hpp"
#include "tests/support/http_response.hpp"
#include "tests/support/tls_client.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace troupe::test {

/// The connection was refused, closed too early or too slow, or what came is no HTTP.
class connection_error : public std::runtime_error {
public:
  connection_error(const std::string& what, bool got_bytes)
      : std::runtime_error(what), got_bytes_(got_bytes) {}

  /// Part of a response had come.
  [[nodiscard]] bool got_bytes() const noexcept { return got_bytes_; }

private:
  bool got_bytes_;
};

/// A TCP connection to a port of this machine that sends bytes as they are and reads responses one
/// by one. Every wait ends after `limit` (scaled) with connection_error.
class http_connection {
public:
  explicit http_connection(std::uint16_t port, milliseconds limit = soon);

  /// The same over TLS. A handshake that fails throws connection_error with OpenSSL's reason.
  http_connection(std::uint16_t port, const tls_options& tls, milliseconds limit = soon);

  void send(std::string_view bytes);

  /// Each byte in a segment of its own, as far as the kernel lets.
  void send_byte_by_byte(std::string_view bytes);

  /// The next response. A response to HEAD has no body whatever its Content-Length says.
  http_response read(bool to_head = false);

  /// The next bytes as they are: what follows an answer 101, or one that was read as if to HEAD.
  std::string read_bytes(std::size_t size) { return take(size); }

  /// Sends, then reads; as a careful client does, it reads at once when the server answers or ends
  /// the connection before it has taken everything.
  http_response exchange(std::string_view bytes, bool to_head = false);

  /// True when the server closes and sends nothing more; false when something came.
  bool closed_by_server();

  /// True when the server ends the connection with an error, whatever comes before that.
  bool was_reset();

  /// True when nothing came and the connection is open, at this moment.
  bool quiet();

  /// Ends the connection with a reset: nothing can be sent or read any more.
  void reset();

  /// Tells the server that nothing more will be sent.
  void shut_down_sending();

  /// The common name of the server's certificate. REQUIRES: made with TLS.
  [[nodiscard]] std::string server_title() const { return tls_->server_title(); }

private:
  void wait(short events, const char* doing) const;
  ssize_t receive(char* into, std::size_t size);
  /// Sends what the socket takes now. Returns 0 when it takes nothing, -1 for a broken connection.
  ssize_t send_some(std::string_view bytes);
  /// False at the end of the stream or after a reset; connection_error when nothing came in time.
  bool read_some();
  std::string take(std::size_t size);
  std::string take_line();
  void read_headers(http_response& response);
  std::string read_chunked();
  std::string read_to_end();

  [[noreturn]] void fail(const std::string& what) const;

  file_descriptor socket_;
  std::unique_ptr<tls_client> tls_; // null: plain TCP
  milliseconds limit_;
  std::string received_;
  bool mid_response_ = false;
};

} // namespace troupe::test
