#pragma once

#include "actors/detail/activity.hpp"
#include "actors/detail/suspended.hpp"
#include "actors/task.hpp"

#include <exception>
#include <memory>
#include <string>

namespace troupe::detail {

class event_loop;
class host;

/// A task that runs on its own: kept alive by itself until it has ended, listed by its host.
///
/// One loop's thread only.
class spawned_base : public activity,
                     public completion,
                     public std::enable_shared_from_this<spawned_base> {
public:
  spawned_base(const spawned_base&) = delete;
  spawned_base& operator=(const spawned_base&) = delete;
  virtual ~spawned_base() { unlist(); }

  /// Ends the task with `why`: its coroutine is destroyed at once or, where its own code is on the
  /// stack, as soon as that has returned to the loop. Nothing happens when it has ended.
  void cancel(std::exception_ptr why) noexcept;

  /// Frees what the ended task holds.
  void let_go() noexcept;

  [[nodiscard]] bool finished() const noexcept { return finished_; }
  [[nodiscard]] virtual bool failed() const noexcept = 0;
  [[nodiscard]] wait_list& waiting() noexcept { return waiting_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The next one of the same host; null for the last.
  [[nodiscard]] spawned_base* next() const noexcept { return next_; }

  std::coroutine_handle<> completed() noexcept override;

  /// Runs it up to its first wait, now or in this step.
  void begin();
  void start_now();

protected:
  spawned_base(host& owner, std::string name);

  /// Takes the result of the coroutine that has ended.
  virtual void take_result() noexcept = 0;
  virtual void fail(std::exception_ptr why) noexcept = 0;
  virtual void destroy_frame() noexcept = 0;
  /// For the destructor: logs an exception that nobody has seen.
  void log_unseen(const std::exception_ptr& what) const noexcept;

  virtual void start_frame() = 0;

private:
  friend class detail::host;
  void enlist() noexcept;
  void unlist() noexcept;
  void finish() noexcept;

  host& owner_; // may end before its tasks' handles do
  event_loop& loop_;
  std::string name_;
  wait_list waiting_;
  std::shared_ptr<spawned_base> self_;
  spawned_base* next_ = nullptr;
  spawned_base* previous_ = nullptr;
  bool listed_ = false;
  bool finished_ = false;
  bool starting_ = false;
};

} // namespace troupe::detail
