#pragma once

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#error "GCC before 14 miscompiles coroutines (temporaries in co_await are destroyed twice): \
use clang++-19 or g++-14"
#endif

#include "actors/detail/frame_allocator.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace troupe {

template <class T = void>
class task;

namespace detail {

/// Told when a task that nobody awaits has ended; it must not destroy the task before returning.
class completion {
public:
  virtual void completed() noexcept = 0;

protected:
  ~completion() = default;
};

class task_promise_base {
public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_frame(block, size); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      auto& promise = ended.promise();
      if (promise.continuation)
        return promise.continuation;
      if (promise.watcher != nullptr)
        promise.watcher->completed();
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }

  void unhandled_exception() noexcept { failed = std::current_exception(); }

  std::coroutine_handle<> continuation;
  completion* watcher = nullptr;
  std::exception_ptr failed;
};

template <class T>
class task_promise : public task_promise_base {
public:
  task<T> get_return_object() noexcept;

  template <class U = T> // so that `co_return {...}` works
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }

  T take() {
    if (failed)
      std::rethrow_exception(std::exchange(failed, nullptr));
    return std::move(*value_);
  }

private:
  std::optional<T> value_;
};

template <>
class task_promise<void> : public task_promise_base {
public:
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() {
    if (failed)
      std::rethrow_exception(std::exchange(failed, nullptr));
  }
};

} // namespace detail

/// A lazy coroutine: `task<int> f() { co_return 1; }`, run by `co_await f()` or `ctx.spawn(f())`.
///
/// Starts when awaited; its result or exception goes to the one who awaits. Runs on one event loop
/// from start to end, so between two `co_await`s nothing else of its actor runs. Destroying a task
/// that waits destroys its locals and what it awaits, at once; it is never resumed again. Awaiting,
/// spawning or answering with an empty task (default-made, moved from) throws std::logic_error.
template <class T>
class [[nodiscard]] task {
public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;

  task() noexcept = default;
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      reset();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~task() { reset(); }

  /// Destroys the coroutine. REQUIRES: it is not running at this moment.
  void reset() noexcept {
    if (frame_)
      std::exchange(frame_, nullptr).destroy();
  }

  [[nodiscard]] explicit operator bool() const noexcept { return frame_ != nullptr; }

  /// Runs it and gives its result. The task is empty from then on.
  auto operator co_await() && noexcept {
    struct awaiter {
      task own;
      bool await_ready() const {
        if (!own)
          throw std::logic_error{"an empty task was awaited"};
        return false;
      }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        own.frame_.promise().continuation = awaiting;
        return own.frame_; // symmetric transfer: a chain of awaits does not grow the stack
      }
      T await_resume() { return own.take(); }
    };
    return awaiter{std::move(*this)};
  }
  /// A task is awaited once: `co_await std::move(t)`.
  void operator co_await() & = delete;

  /// For what runs tasks without awaiting them: begins; `watcher` hears of the end.
  /// REQUIRES: it is not empty.
  void start(detail::completion& watcher) {
    frame_.promise().watcher = &watcher;
    frame_.resume();
  }

  /// The result or exception. REQUIRES: it has ended, and this is the first call.
  T take() { return frame_.promise().take(); }

private:
  friend promise_type;
  explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
  return task<T>{std::coroutine_handle<task_promise>::from_promise(*this)};
}

inline task<void> detail::task_promise<void>::get_return_object() noexcept {
  return task<void>{std::coroutine_handle<task_promise>::from_promise(*this)};
}

} // namespace troupe
