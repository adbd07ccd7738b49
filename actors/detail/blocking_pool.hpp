#pragma once

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace troupe::detail {

class errand;
class event_loop;

/// Threads for calls that block, and a bounded queue before them. Any thread.
///
/// The pool is Asio's, which has a lock of its own: threads that sleep must be woken by something, and
/// whoever sends a blocking call away is about to wait much longer than for that lock.
class blocking_pool {
public:
  /// Threads are started with the first call. `queue` more than `threads` may wait.
  blocking_pool(unsigned threads, unsigned queue);
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;
  ~blocking_pool();

  /// Waits for the calls that run; those that wait are dropped. While the loops still run.
  void stop();

  /// Runs `what` and sends it back to `home`. Throws error{unavailable} when the queue is full.
  void run(errand& what, event_loop& home);

private:
  boost::asio::thread_pool& started();

  const unsigned threads_;
  const unsigned limit_; // running and waiting
  std::atomic<unsigned> taken_{0};
  std::once_flag once_;
  std::optional<boost::asio::thread_pool> pool_;
};

} // namespace troupe::detail
