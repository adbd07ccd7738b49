#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace troupe::test {

/// How a client speaks TLS.
struct tls_options {
  std::string server_name; // that it asks for; with an authority, that the certificate must be of
  std::string authority;   // PEM file; empty: whoever answers is believed
  std::string certificate; // PEM file with key that it shows; empty: none
  std::string before;      // is sent before TLS, in one segment with its beginning
  bool at_most_1_2 = false; // the version
};

/// The client's end of TLS on a connected socket that does not block and is the caller's.
class tls_client {
public:
  tls_client(int socket, const tls_options& options);
  ~tls_client();

  /// What a call needs before it can go on.
  enum class need { nothing, readable, writable, end, failed };

  /// `nothing` when the handshake is done.
  need handshake();
  need read(void* into, std::size_t size, std::size_t& got);
  need write(const void* from, std::size_t size, std::size_t& taken);
  /// Tells the server that nothing more comes.
  void shut_down();

  /// Bytes can be read without the socket.
  [[nodiscard]] bool has_pending() const;

  /// The common name of the server's certificate. REQUIRES: the handshake is done.
  [[nodiscard]] std::string server_title() const;
  /// Why the last call has failed.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

private:
  need outcome(int result);

  struct free_connection {
    void operator()(ssl_st* what) const noexcept;
  };
  struct free_context {
    void operator()(ssl_ctx_st* what) const noexcept;
  };
  std::unique_ptr<ssl_ctx_st, free_context> context_;
  std::unique_ptr<ssl_st, free_connection> ssl_;
  std::string problem_;
};

} // namespace troupe::test
