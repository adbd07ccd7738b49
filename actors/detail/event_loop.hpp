#pragma once

#include "actors/detail/activity.hpp"
#include "actors/detail/cycle_clock.hpp"
#include "actors/detail/door_ref.hpp"
#include "actors/detail/parcel.hpp"
#include "actors/detail/suspended.hpp"
#include "actors/detail/timer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
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

class courier;
class host;
class loop_door;
class loop_unit;
class state_cell;
class spawned_base;

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

/// One thread with one io_context: the home of pinned actors, stateful actors, timers and coroutines.
///
/// A turn is: what other threads have sent, what is ready to run, what was deferred; then I/O. What
/// yields, or has used up its share, runs in the next turn, so that I/O is never left waiting.
/// Thread: all members but `post`, `enqueue`, `send`, `stop` belong to the loop's own thread (before
/// `start`: to the thread that made the loop). Lifetime: outlives every actor pinned to it.
class alignas(64) event_loop {
public:
  event_loop(caf::actor_system& system, unsigned index);
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  ~event_loop();

  void start();
  /// Ends `run` after the present step. Any thread.
  void stop();
  void join();
  /// Stops and joins all of them, then lets them carry out on this thread what they have still sent each
  /// other: what ends an actor on another loop, for one.
  static void end_all(const std::vector<std::unique_ptr<event_loop>>& loops);
  /// Instead of `start`, for who has it run when told to: what is ready and the I/O that is due, on the
  /// caller's thread, without waiting. False when there was no I/O and nothing is ready any more.
  bool poll();

  // -- any thread ----------------------------------------------------------------------------------

  /// Runs `fn` on the loop's thread.
  void post(std::function<void()> fn);

  /// Makes `job` run on this loop; takes over one reference to it.
  void enqueue(caf::resumable* job);

  /// Has `what` arrive on this loop. What one loop sends to another one arrives in order; it leaves
  /// at the end of the sender's step, together with all else for that loop.
  void send(parcel& what);

  /// Where it takes what others send: for who may outlive the loop.
  [[nodiscard]] const door_ref& door() const noexcept { return door_; }

  // -- the loop's own thread -------------------------------------------------------------------------

  /// Calls `what.run_deferred()` once, after the actors of this step have run.
  void defer(deferred& what);
  /// Takes `what` out again; for destructors.
  void undefer(deferred& what) noexcept;

  /// Resumes a coroutine in this step, after the code that runs now.
  void resume_soon(suspended& item) { woken_.push_back(item); }
  /// Resumes it in the next turn, after the I/O that is due.
  void resume_next_turn(suspended& item) { yielded_.push_back(item); }
  /// Resumes it now. REQUIRES: called by the loop itself, from no coroutine (a timer, a message).
  void resume(suspended& item);

  /// A ready operation takes one from its coroutine's share; false when that is used up: the
  /// coroutine waits for the next turn then, so that it cannot keep others from running.
  bool spend() noexcept { return --share_ >= 0; }

  /// Runs the messages of `cell` in this step.
  void schedule(state_cell& cell);

  /// The task has ended or is to end: what it holds is freed at the end of this step, when none of
  /// its code is on the stack.
  void bury(std::shared_ptr<spawned_base> spawned);

  /// Begins the task in this step, from the bottom of the stack.
  void start_later(std::shared_ptr<spawned_base> spawned);

  [[nodiscard]] unsigned index() const noexcept { return index_; }
  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }
  [[nodiscard]] timer_queue& timers() noexcept { return timers_; }
  [[nodiscard]] caf::execution_unit& unit() noexcept;
  [[nodiscard]] caf::actor_system& system() noexcept { return system_; }
  /// Sends to CAF's actors for the coroutines of this loop.
  [[nodiscard]] detail::courier& courier() noexcept { return *courier_; }

  /// The actors that live here, for who lists them.
  [[nodiscard]] const host* first_host() const noexcept { return hosts_; }

  /// On whose behalf code runs now; null for the framework's own.
  [[nodiscard]] activity* running() const noexcept { return running_; }

  /// As long as it lives, code runs on behalf of `who`: begun by the loop or from within other code.
  class behalf {
  public:
    /// REQUIRES: `who` lives longer.
    behalf(event_loop& loop, activity* who) noexcept
      : loop_(loop), who_(who), before_(loop.running_) {
      if (loop_.depth_++ == 0)
        loop_.begin_run(who);
      if (who != nullptr)
        ++who->on_stack;
      loop_.running_ = who;
    }
    behalf(const behalf&) = delete;
    behalf& operator=(const behalf&) = delete;
    ~behalf() {
      loop_.running_ = before_;
      if (who_ != nullptr)
        --who_->on_stack;
      if (--loop_.depth_ == 0)
        loop_.end_run();
    }

  private:
    event_loop& loop_;
    activity* who_;
    activity* before_;
  };

  /// How many pieces of user code are on the stack: messages handled and tasks begun at once.
  [[nodiscard]] unsigned depth() const noexcept { return depth_; }

  /// The time after which code that has not returned is reported; 0: never. Before `start`.
  void watch(std::chrono::milliseconds limit);

  /// Keeps the loop on a core of its own, the index-th one. Before `start`.
  void pin() noexcept { pinned_ = true; }

  /// What runs at present and since when (cycle_count), for a watching thread. Any thread.
  struct presently {
    const std::string* label = nullptr; // null: the framework's own code
    std::uint64_t since = 0;            // 0: nothing runs
  };
  [[nodiscard]] presently at_present() const noexcept;

  /// The loop whose thread this is, or null.
  static event_loop* current() noexcept;

private:
  friend class host;
  friend void send_to_door(loop_door& to, parcel& what);
  /// Ready operations that a coroutine may have before it waits for the next turn.
  static constexpr int operations_per_run = 256;

  struct handed_over;
  struct outbox {
    door_ref to;
    parcel* newest = nullptr;
    parcel* oldest = nullptr;
    unsigned count = 0;
  };

  void run();
  void enter() noexcept;
  void leave() noexcept;
  void turn();
  void run_ready(int budget);
  int run_jobs(int most);
  int run_cells(int most);
  int run_woken(int most);
  int run_starts(int most);
  void run_leftovers();
  bool poll_io();
  void sleep();
  bool spin();
  [[nodiscard]] bool has_work() const noexcept;
  void resume(caf::resumable* job);
  void run_all_deferred();
  void run_burials();
  void take_inbox();
  void send_from_here(loop_door& to, parcel& what);
  void flush(outbox& box);
  void flush_outboxes();
  void wake_at(steady_time when);
  void begin_run(const activity* who) noexcept {
    share_ = operations_per_run;
    run_begun_ = cycle_count();
    present_label_.store(who != nullptr ? who->label : nullptr, std::memory_order_release);
    present_since_.store(run_begun_, std::memory_order_relaxed);
  }
  void end_run() noexcept {
    if (const auto took = cycle_count() - run_begun_; took > longest_run_)
      report_held(took);
    present_since_.store(0, std::memory_order_relaxed);
  }
  void report_held(std::uint64_t cycles) const noexcept;

  // What other loops read, on a line that is not written to.
  caf::actor_system& system_;
  door_ref door_;
  unsigned index_;
  std::atomic<bool> stopping_{false};

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<loop_unit> unit_;
  std::shared_ptr<detail::courier> courier_;
  boost::asio::steady_timer alarm_;
  timer_queue timers_;
  std::deque<caf::resumable*> ready_;
  wait_list woken_;
  wait_list yielded_;
  state_cell* cells_first_ = nullptr;
  state_cell* cells_last_ = nullptr;
  std::vector<deferred*> deferred_;
  std::vector<deferred*> deferred_now_; // the list being run
  std::vector<std::shared_ptr<spawned_base>> burials_;
  std::vector<std::shared_ptr<spawned_base>> burials_now_;
  std::deque<std::shared_ptr<spawned_base>> starts_;
  std::vector<outbox> outboxes_;
  bool outboxes_used_ = false;
  bool ending_ = false;
  bool pinned_ = false;

  host* hosts_ = nullptr;
  activity* running_ = nullptr;
  int share_ = 0;
  unsigned depth_ = 0;
  std::uint64_t longest_run_ = ~std::uint64_t{0}; // in cycles
  std::uint64_t run_begun_ = 0;
  std::atomic<const std::string*> present_label_{nullptr};
  std::atomic<std::uint64_t> present_since_{0};

  int spin_score_ = 0;
  std::uint64_t spin_cycles_ = 0;

  std::thread thread_;
};

} // namespace troupe::detail
