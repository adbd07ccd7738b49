#pragma once

#include "config/endpoint.hpp"

#include <utility>
#include <vector>

namespace troupe::gateway {

/// A bound and listening socket that does not block and belongs to nobody yet. Closes itself unless released.
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

/// Whether another process may listen on the same address, with the same choice.
enum class sharing { none, with_successor };

/// One socket for each event loop, all on one address: the kernel spreads connections over them.
struct listening_sockets {
  config::endpoint where; // with the port in use
  std::vector<listening_socket> sockets;
  sharing how = sharing::none;
};

/// Throws std::system_error when the address cannot be had, also when another process listens and it is
/// not to be shared.
listening_sockets listen_on(const config::endpoint& where, unsigned count,
                            sharing how = sharing::none);

/// Has the kernel give new connections of a shared address to the process that began to listen there
/// behind this one, which has `own` sockets there: what waits at those can be accepted, and they can be
/// closed, without any being lost. Without such a process nothing changes. `socket`: one of them.
void steer_to_successor(int socket, unsigned own) noexcept;

/// The process before has gone: what it has told the kernel does not hold any more.
void stop_steering(int socket) noexcept;

} // namespace troupe::gateway
