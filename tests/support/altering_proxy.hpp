#pragma once

#include "tests/support/file_descriptor.hpp"
#include "tests/support/free_port.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <thread>

namespace troupe::test {

/// Stands between clients and a server of this machine, and may change what is said.
class altering_proxy {
public:
  enum class side : std::uint8_t { client, server };

  /// Called with all that one side sends, in the order in which it comes, before it is passed on. Thread: the proxy's.
  using alteration = std::function<void(side from, std::string& bytes)>;

  altering_proxy(std::uint16_t server_port, alteration alter);
  altering_proxy(const altering_proxy&) = delete;
  altering_proxy& operator=(const altering_proxy&) = delete;
  ~altering_proxy();

  /// Where clients connect to.
  [[nodiscard]] std::uint16_t port() const noexcept { return listener_.port; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port()); }

  /// Ends all connections that there are.
  void cut() noexcept;

private:
  struct connection {
    file_descriptor client;
    file_descriptor server;
  };

  void run();
  void accept_one();
  /// False: the connection has ended.
  bool pass_on(const file_descriptor& in, const file_descriptor& out, side from);

  std::uint16_t server_port_;
  alteration alter_;
  loopback_listener listener_;
  file_descriptor wake_;
  std::atomic<bool> stopping_{false};
  std::list<connection> connections_; // of the thread
  std::thread thread_;
};

} // namespace troupe::test
