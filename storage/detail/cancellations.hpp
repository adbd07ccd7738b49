#pragma once

#include <atomic>
#include <functional>
#include <memory>

namespace troupe::storage {

/// Asks databases to end statements, each time in a thread of its own: a server, or a proxy in front of it, may
/// take a connection and never answer, and that must hold up neither the other statements nor the end of the node.
///
/// So those threads belong to nobody. Nearly always they are over within milliseconds; one that never ends holds
/// nothing but the socket on which it waits, and ends with the process. One thread calls `begin`.
class cancellations {
public:
  /// Runs `how`, then `told`, in that thread. False, and neither is run: as many as there may be have not ended,
  /// or the system gives no further thread.
  [[nodiscard]] bool begin(std::function<void()> how, std::function<void()> told);

  static constexpr unsigned most_at_once = 64;

private:
  std::shared_ptr<std::atomic<unsigned>> under_way_ = std::make_shared<std::atomic<unsigned>>(0U);
};

} // namespace troupe::storage
