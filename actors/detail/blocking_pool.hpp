#pragma once

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace troupe::detail {

class errand;
class event_loop;

/// Work for other threads than the loops': calls that block, on threads of its own behind a bounded
/// queue; and what computes, on CAF's scheduler. Any thread.
///
/// The threads are Asio's pool, which has a lock of its own: threads that sleep must be woken by something,
/// and whoever sends a blocking call away is about to wait much longer than for that lock.
class blocking_pool {
public:
  /// Threads are started with the first call. `queue` more than `threads` may wait.
  blocking_pool(unsigned threads, unsigned queue);
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;
  ~blocking_pool();

  /// Waits for the work that runs; what waits is dropped. When the threads of the loops have ended, so
  /// that nothing new comes, and before the loops are destroyed, which is where results arrive.
  void stop();

  /// Runs `what` on the pool and sends it back to `home`. Throws error{unavailable} when the queue is full.
  void run(errand& what, event_loop& home);

  /// The same on CAF's scheduler, without a bound.
  void compute(errand& what, event_loop& home);

private:
  class scheduled;

  boost::asio::thread_pool& started();

  const unsigned threads_;
  const unsigned limit_; // running and waiting
  std::atomic<unsigned> taken_{0};
  std::atomic<unsigned> computing_{0}; // running and waiting
  std::atomic<bool> stopping_{false};
  std::once_flag once_;
  std::optional<boost::asio::thread_pool> pool_;
};

} // namespace troupe::detail
