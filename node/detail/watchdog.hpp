#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::detail {

class event_loop;

/// Tells the log, while it happens, who holds an event loop and does not return: an endless loop in a
/// handler is never seen by the loop itself. Looks once a second.
class watchdog {
public:
  /// The loops outlive it.
  watchdog(std::vector<event_loop*> loops, std::chrono::milliseconds limit);
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog();

private:
  struct seen {
    std::uint64_t since = 0;
    std::chrono::milliseconds next_report{};
  };

  void run();
  void look(event_loop& at, seen& before) const;

  std::vector<event_loop*> loops_;
  std::chrono::milliseconds limit_;
  std::mutex guard_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace troupe::detail
