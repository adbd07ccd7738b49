#pragma once

#include "actors/detail/awaitable.hpp"
#include "actors/detail/host.hpp"
#include "actors/detail/spawned.hpp"
#include "actors/detail/timer.hpp"
#include "actors/messages/errc.hpp"
#include "actors/task.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

/// What is thrown to those who wait for a task that was aborted, or whose actor has ended.
class task_cancelled : public error {
public:
  explicit task_cancelled(const std::string& why) : error(errc::unavailable, why) {}
};

namespace detail {

/// A spawned task with its result.
template <class T>
class spawned_task final : public spawned_base {
public:
  using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  spawned_task(detail::host& owner, std::string name, task<T> work)
    : spawned_base(owner, std::move(name)), work_(std::move(work)) {}
  ~spawned_task() override {
    if (failed() && !seen_)
      log_unseen(std::get<2>(result_));
  }

  [[nodiscard]] bool failed() const noexcept override { return result_.index() == 2; }

  [[nodiscard]] stored& result() {
    seen_ = true;
    if (failed())
      std::rethrow_exception(std::get<2>(result_));
    return std::get<1>(result_);
  }

protected:
  void start_frame() override { work_.start(*this); }
  void destroy_frame() noexcept override { work_.reset(); }
  void fail(std::exception_ptr why) noexcept override { result_.template emplace<2>(std::move(why)); }

  void take_result() noexcept override {
    try {
      if constexpr (std::is_void_v<T>) {
        work_.take();
        result_.template emplace<1>();
      } else {
        result_.template emplace<1>(work_.take());
      }
    } catch (...) {
      fail(std::current_exception());
    }
  }

private:
  task<T> work_;
  std::variant<std::monostate, stored, std::exception_ptr> result_;
  bool seen_ = false;
};

} // namespace detail

/// Watches a task that `ctx.spawn` started.
///
/// `co_await handle` waits for its end and gives its result or throws its exception. Dropping the
/// handle detaches the task: it runs on, at most as long as its actor. Copies watch the same task;
/// awaiting a temporary moves the result out for all of them. An exception that nobody awaits is
/// logged when no handle is left. For the loop (and so the actor) that spawned it; not to be used
/// after it has been moved from.
template <class T>
class [[nodiscard]] join_handle {
public:
  explicit join_handle(std::shared_ptr<detail::spawned_task<T>> spawned)
    : spawned_(std::move(spawned)) {}

  /// It has ended, with a result or an exception.
  [[nodiscard]] bool finished() const noexcept { return spawned_->finished(); }
  /// It has ended with an exception (also: cancelled).
  [[nodiscard]] bool failed() const noexcept { return spawned_->failed(); }
  /// The name given to ctx.spawn; empty if none was.
  [[nodiscard]] const std::string& name() const noexcept { return spawned_->name(); }

  /// Ends the task where it waits: its locals are destroyed before this returns, and nothing resumes
  /// it later. Whoever awaits it gets `task_cancelled`. A task that aborts itself, or what it is
  /// called by, ends at its next wait; one that aborts the task whose locals it uses must not use them
  /// from there on. Nothing happens when it has ended.
  void abort() const {
    spawned_->cancel(std::make_exception_ptr(task_cancelled{"the task was aborted"}));
  }

  /// Waits for the end, whatever it is; throws nothing.
  [[nodiscard]] auto wait() const {
    return detail::operation<end_wait, spawned_ptr>{spawned_ptr{spawned_}};
  }

  /// Waits at most `limit`; true when the task has ended by then. The task runs on otherwise.
  template <class Rep, class Period>
  [[nodiscard]] auto wait_for(std::chrono::duration<Rep, Period> limit) const {
    return detail::operation<timed_wait, spawned_ptr, std::chrono::nanoseconds>{
      spawned_ptr{spawned_}, detail::bounded(limit)};
  }

  /// Copies the result out (moves it out of a temporary handle).
  auto operator co_await() const& { return waiter<false>{spawned_}; }
  auto operator co_await() && { return waiter<true>{spawned_}; }

private:
  using spawned_ptr = std::shared_ptr<detail::spawned_task<T>>;

  struct end_wait : detail::suspended {
    explicit end_wait(spawned_ptr s) : spawned(std::move(s)) {}
    bool await_ready() const noexcept { return spawned->finished() && detail::spend_operation(); }
    void await_suspend(std::coroutine_handle<> awaiting) {
      park(awaiting);
      if (spawned->finished()) // its share is used up
        detail::resume_next_turn(*this);
      else
        spawned->waiting().push_back(*this);
    }
    void await_resume() const noexcept {}
    spawned_ptr spawned;
  };

  template <bool Move>
  struct waiter : end_wait {
    using end_wait::end_wait;
    T await_resume() {
      auto& result = this->spawned->result();
      if constexpr (std::is_void_v<T>)
        static_cast<void>(result);
      else if constexpr (Move || !std::is_copy_constructible_v<T>)
        return std::move(result);
      else
        return result;
    }
  };

  struct timed_wait : detail::suspended {
    timed_wait(spawned_ptr s, std::chrono::nanoseconds l) : spawned(std::move(s)), limit(l) {}
    bool await_ready() const noexcept { return over() && detail::spend_operation(); }
    [[nodiscard]] bool over() const noexcept { return spawned->finished() || limit.count() <= 0; }
    void await_suspend(std::coroutine_handle<> awaiting) {
      park(awaiting);
      if (over()) {
        detail::resume_next_turn(*this);
        return;
      }
      spawned->waiting().push_back(*this);
      alarm.arm(detail::current_timers(), detail::after(limit),
                [](void* self) { detail::resume_soon(*static_cast<timed_wait*>(self)); }, this);
    }
    bool await_resume() {
      alarm.disarm();
      return spawned->finished();
    }
    spawned_ptr spawned;
    std::chrono::nanoseconds limit;
    detail::timer alarm;
  };

  spawned_ptr spawned_;
};

namespace detail {

/// Others may hold the handle, too: its result is copied where it can be.
template <class T>
task<T> as_task(join_handle<T> what) {
  co_return co_await what;
}

} // namespace detail

} // namespace troupe
