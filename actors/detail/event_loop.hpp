#pragma once

#include "actors/detail/suspended.hpp"
#include "actors/detail/timer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace caf {
class actor_system;
class execution_unit;
class resumable;
} // namespace caf

namespace troupe::detail {

class loop_unit;

/// Something to run once at the end of the present step of a loop (gathered writes, batches).
class deferred {
public:
  virtual void run_deferred() = 0;

protected:
  ~deferred() = default;

private:
  friend class event_loop;
  bool queued_ = false;
};

/// One thread with one io_context: the home of pinned actors, timers and coroutines.
///
/// A step is one I/O completion, then every actor that it made ready, then what was deferred.
/// Thread: all members but `post`, `enqueue`, `stop` belong to the loop's own thread (before
/// `start`: to the thread that made the loop). Lifetime: outlives every actor pinned to it.
class event_loop {
public:
  event_loop(caf::actor_system& system, unsigned index);
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  ~event_loop();

  void start();
  /// Ends `run` after the present step. Any thread.
  void stop();
  void join();

  /// Runs `fn` on the loop's thread. Any thread.
  void post(std::function<void()> fn);

  /// Makes `job` run on this loop; takes over one reference to it. Any thread.
  void enqueue(caf::resumable* job);

  /// Calls `what.run_deferred()` once, after the actors of this step have run.
  void defer(deferred& what);
  /// Takes `what` out again; for destructors.
  void undefer(deferred& what) noexcept;

  /// Resumes a coroutine in this step, after the code that runs now.
  void resume_soon(suspended& item);

  [[nodiscard]] unsigned index() const noexcept { return index_; }
  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }
  [[nodiscard]] timer_queue& timers() noexcept { return timers_; }
  [[nodiscard]] caf::execution_unit& unit() noexcept;
  [[nodiscard]] caf::actor_system& system() noexcept { return system_; }

  /// The loop whose thread this is, or null.
  static event_loop* current() noexcept;

private:
  struct handed_over {
    caf::resumable* job;
    handed_over* next;
  };

  void run();
  void run_ready();
  [[nodiscard]] bool has_work() const noexcept;
  void resume(caf::resumable* job);
  void run_all_deferred();
  void take_handed_over();
  void wake_at(steady_time when);

  caf::actor_system& system_;
  unsigned index_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<loop_unit> unit_;
  boost::asio::steady_timer alarm_;
  timer_queue timers_;
  std::deque<caf::resumable*> ready_;
  wait_list woken_;
  std::vector<deferred*> deferred_;
  std::vector<deferred*> deferred_now_; // the list being run
  std::atomic<handed_over*> inbox_{nullptr};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

} // namespace troupe::detail
