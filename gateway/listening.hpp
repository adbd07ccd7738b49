#pragma once

#include "config/endpoint.hpp"

#include <utility>
#include <vector>

namespace troupe::gateway {

/// A bound and listening socket that belongs to nobody yet. Closes itself unless released.
class listening_socket {
public:
  explicit listening_socket(int handle) noexcept : handle_(handle) {}
  listening_socket(listening_socket&& other) noexcept
    : handle_(std::exchange(other.handle_, -1)) {}
  listening_socket& operator=(listening_socket&&) = delete;
  ~listening_socket();

  [[nodiscard]] int native() const noexcept { return handle_; }
  [[nodiscard]] int release() noexcept { return std::exchange(handle_, -1); }

private:
  int handle_;
};

/// One socket for each event loop, all on one address: the kernel spreads connections over them.
struct listening_sockets {
  config::endpoint where; // with the port in use
  std::vector<listening_socket> sockets;
};

/// Throws std::system_error when the address cannot be had, also when another process listens.
listening_sockets listen_on(const config::endpoint& where, unsigned count);

} // namespace troupe::gateway
