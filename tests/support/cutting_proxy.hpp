#pragma once

#include "tests/support/deadline.hpp"
#include "tests/support/file_descriptor.hpp"
#include "tests/support/free_port.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <thread>

namespace troupe::test {

/// Stands between clients and a server of this machine and breaks connections in the middle of what
/// is said.
///
/// An exchange is what a client sends until something comes back, and all that comes back until the
/// client sends again.
class cutting_proxy {
public:
  enum class side : std::uint8_t { client, server };

  explicit cutting_proxy(std::uint16_t server_port);
  cutting_proxy(const cutting_proxy&) = delete;
  cutting_proxy& operator=(const cutting_proxy&) = delete;
  ~cutting_proxy();

  /// Where clients connect to.
  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port; }

  /// Of the next exchange in which `from` sends so many bytes, these arrive, and the connection
  /// ends. With 0 it ends when `from` begins to send.
  void cut_after(side from, std::size_t bytes) noexcept;

  /// Waits until that has happened. False: not within `limit` (scaled); nothing will be cut any
  /// more.
  bool wait_for_cut(milliseconds limit = soon) noexcept;

  /// From now on nothing is passed on and nothing is read, nor are ends noticed: a network that swallows packets.
  void hold() noexcept;
  void release() noexcept;

private:
  struct connection {
    file_descriptor client;
    file_descriptor server;
    side last = side::server;
    std::size_t in_exchange = 0; // sent by the last one

    [[nodiscard]] const file_descriptor& of(side which) const noexcept {
      return which == side::client ? client : server;
    }
  };

  void run();
  void wake() noexcept;
  void accept_one();
  /// False: the connection has ended, or is to end.
  bool pass_on(connection& on, side from);
  /// How many of the next `size` bytes of the exchange are the last ones to arrive; none: it goes
  /// on.
  std::optional<std::size_t> cut_within(const connection& on, std::size_t size) noexcept;

  std::uint16_t server_port_;
  loopback_listener listener_;
  file_descriptor wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> held_{false};
  std::atomic<std::uint64_t> wanted_{0}; // 0: no cut; else bytes and side, see key_of()
  std::list<connection> connections_;    // of the thread
  std::thread thread_;
};

} // namespace troupe::test
