#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace troupe::storage::sqlite {

/// Lets one connection of this process write to a database file at a time, first come first served.
///
/// SQLite itself knows one writer only, and those who wait for it sleep and try again: with several
/// connections most of the time would be slept away. Any thread.
class writer_gate {
public:
  /// The gate of this file, shared by all its connections.
  static std::shared_ptr<writer_gate> of(const std::string& path);

  /// False when the turn did not come until then, or when `given_up` was found to be set: who sets it calls
  /// `look_again`.
  [[nodiscard]] bool enter(std::chrono::steady_clock::time_point until, const std::atomic<bool>& given_up);
  void look_again();
  /// REQUIRES: entered.
  void leave();

private:
  struct waiter {
    std::condition_variable turn_came;
    bool inside = false;
  };

  std::mutex mutex_;
  std::list<waiter> waiters_;
  bool taken_ = false;
};

} // namespace troupe::storage::sqlite
