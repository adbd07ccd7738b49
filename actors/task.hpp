#pragma once

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 14
#error "GCC before 14 miscompiles coroutines (temporaries in co_await are destroyed twice): \
use clang++-19 or g++-14"
#endif

#include "actors/messages/frame_allocator.hpp"

#include <concepts>
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

class task_base;

/// Told when a task that nobody awaits has ended; it must not destroy the task before returning.
class completion {
public:
  /// Gives what goes on in place of the task; std::noop_coroutine() when nothing does.
  virtual std::coroutine_handle<> completed() noexcept = 0;

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
      return promise.watcher != nullptr ? promise.watcher->completed() : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  final_awaiter final_suspend() const noexcept { return {}; }

  void unhandled_exception() noexcept { failed = std::current_exception(); }

  std::coroutine_handle<> continuation;
  completion* watcher = nullptr;
  task_base* child = nullptr; // what it awaits at present, in its own frame
  std::exception_ptr failed;
};

/// Owns a coroutine's frame, whatever its result.
class task_base {
public:
  task_base(const task_base&) = delete;
  task_base& operator=(const task_base&) = delete;

protected:
  task_base() noexcept = default;
  task_base(std::coroutine_handle<> frame, task_promise_base& promise) noexcept
    : frame_(frame), promise_(&promise) {}
  task_base(task_base&& other) noexcept
    : frame_(std::exchange(other.frame_, nullptr)), promise_(other.promise_) {}
  ~task_base() { destroy(); }

  /// Destroys the coroutine, and before it the one that it awaits, and so on: by a loop, as a chain of
  /// a million frames has to end without a stack for each.
  void destroy() noexcept {
    if (!frame_)
      return;
    auto* at = this;
    task_base* above = nullptr; // its own one stands in its promise's `child` meanwhile
    while (auto* child = at->promise_->child) {
      at->promise_->child = above;
      above = at;
      at = child;
    }
    for (;;) {
      std::exchange(at->frame_, nullptr).destroy();
      if (above == nullptr)
        return;
      at = above;
      above = std::exchange(at->promise_->child, nullptr);
    }
  }

  std::coroutine_handle<> frame_;
  task_promise_base* promise_ = nullptr;
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
/// from start to end, so between two `co_await`s nothing else of its actor runs but what it spawns or
/// tells there. Destroying a task that waits destroys its locals and what it awaits, at once; it is never resumed again. Awaiting,
/// spawning or answering with an empty task (default-made, moved from) throws std::logic_error. Locals
/// and results that want an alignment of more than 16 bytes are to be held by pointer.
template <class T>
class [[nodiscard]] task : private detail::task_base {
  static_assert(!std::is_reference_v<T>, "a task gives a value: return a pointer instead");
  static_assert(std::is_void_v<T> || alignof(std::conditional_t<std::is_void_v<T>, char, T>)
                                       <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                "frames of coroutines have no place for an alignment of more than 16 bytes");

public:
  using promise_type = detail::task_promise<T>;
  using value_type = T;

  task() noexcept = default;
  task(task&&) noexcept = default;
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      reset();
      frame_ = std::exchange(other.frame_, nullptr);
      promise_ = other.promise_;
    }
    return *this;
  }

  /// Destroys the coroutine. REQUIRES: it is not running at this moment.
  void reset() noexcept { destroy(); }

  [[nodiscard]] explicit operator bool() const noexcept { return frame_ != nullptr; }

  /// Runs it and gives its result. The task is empty from then on.
  auto operator co_await() && noexcept { return awaiter{std::move(*this)}; }
  /// A task is awaited once: `co_await std::move(t)`.
  void operator co_await() & = delete;

  /// For what runs tasks without awaiting them: begins; `watcher` hears of the end.
  /// REQUIRES: it is not empty.
  void start(detail::completion& watcher) {
    promise_->watcher = &watcher;
    frame_.resume();
  }

  /// The result or exception. REQUIRES: it has ended, and this is the first call.
  T take() { return static_cast<promise_type*>(promise_)->take(); }

private:
  friend promise_type;

  struct awaiter {
    task own;
    detail::task_promise_base* by = nullptr;
    bool await_ready() const {
      if (!own)
        throw std::logic_error{"an empty task was awaited"};
      return false;
    }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
      own.promise_->continuation = awaiting;
      if constexpr (std::derived_from<Promise, detail::task_promise_base>) {
        by = &awaiting.promise();
        by->child = &own;
      }
      return own.frame_; // symmetric transfer: a chain of awaits does not grow the stack
    }
    T await_resume() {
      if (by != nullptr)
        by->child = nullptr;
      return own.take();
    }
  };

  explicit task(promise_type& promise) noexcept
    : task_base(std::coroutine_handle<promise_type>::from_promise(promise), promise) {}
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
  return task<T>{*this};
}

inline task<void> detail::task_promise<void>::get_return_object() noexcept {
  return task<void>{*this};
}

} // namespace troupe
