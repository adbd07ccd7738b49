#pragma once

#include "actors/detail/host.hpp"
#include "actors/task.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <variant>
#include <vector>

namespace troupe {

namespace detail {

struct no_value {};

/// A spawned task, shared by the host that runs it and the handles that watch it.
template <class T>
class spawned_task final : public spawned_base, public completion {
public:
  using stored = std::conditional_t<std::is_void_v<T>, no_value, T>;

  spawned_task(host& owner, task<T> work) : owner_(owner), work_(std::move(work)) {}

  void start() {
    owner_.keep(shared_from_this());
    work_.start(*this);
  }

  void completed() noexcept override {
    try {
      if constexpr (std::is_void_v<T>) {
        work_.take();
        result_.template emplace<1>();
      } else {
        result_.template emplace<1>(work_.take());
      }
    } catch (...) {
      result_.template emplace<2>(std::current_exception());
    }
    waiting_.wake_all();
    owner_.retire(shared_from_this());
  }

  void cancel() noexcept override {
    work_.reset();
    if (finished())
      return;
    result_.template emplace<2>(std::make_exception_ptr(
      error{errc::unavailable, "the task was cancelled: its actor has ended"}));
    waiting_.wake_all();
  }

  void release_frame() noexcept override { work_.reset(); }

  [[nodiscard]] std::string failure_text() const override {
    if (result_.index() != 2)
      return {};
    try {
      std::rethrow_exception(std::get<2>(result_));
    } catch (const std::exception& e) {
      return e.what();
    } catch (...) {
      return "unknown exception";
    }
  }

  [[nodiscard]] bool finished() const noexcept { return result_.index() != 0; }
  [[nodiscard]] bool failed() const noexcept { return result_.index() == 2; }

  [[nodiscard]] stored& result() {
    if (failed())
      std::rethrow_exception(std::get<2>(result_));
    return std::get<1>(result_);
  }

  host& owner() noexcept { return owner_; }
  wait_list& waiting() noexcept { return waiting_; }

private:
  host& owner_;
  task<T> work_;
  std::variant<std::monostate, stored, std::exception_ptr> result_;
  wait_list waiting_;
};

} // namespace detail

/// Watches a task that `ctx.spawn` started.
///
/// `co_await handle` waits for its end and gives its result or throws its exception. Dropping the
/// handle detaches the task: it runs on. Copies watch the same task; awaiting a temporary moves the
/// result out for all of them. An exception that nobody awaits is logged when no handle is left. For
/// the loop (and so the actor) that spawned it; not to be used after it has been moved from.
template <class T>
class [[nodiscard]] join_handle {
public:
  explicit join_handle(std::shared_ptr<detail::spawned_task<T>> spawned)
    : spawned_(std::move(spawned)) {}

  /// It has ended, with a result or an exception.
  [[nodiscard]] bool finished() const noexcept { return spawned_->finished(); }
  /// It has ended with an exception (also: cancelled).
  [[nodiscard]] bool failed() const noexcept { return spawned_->failed(); }

  /// Waits for the end, whatever it is; throws nothing.
  auto wait() const { return end_wait{spawned_}; }

  /// Waits at most `limit`; true when the task has ended by then. The task runs on otherwise.
  auto wait_for(std::chrono::milliseconds limit) const { return timed_wait{spawned_, limit}; }

  /// Copies the result out (moves it out of a temporary handle).
  auto operator co_await() const& { return waiter<false>{spawned_}; }
  auto operator co_await() && { return waiter<true>{spawned_}; }

private:
  using spawned_ptr = std::shared_ptr<detail::spawned_task<T>>;

  struct end_wait : detail::suspended {
    explicit end_wait(spawned_ptr s) : spawned(std::move(s)) {}
    bool await_ready() const noexcept { return spawned->finished(); }
    void await_suspend(std::coroutine_handle<> awaiting) {
      handle = awaiting;
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
    timed_wait(spawned_ptr s, std::chrono::milliseconds l) : spawned(std::move(s)), limit(l) {}
    bool await_ready() const noexcept { return spawned->finished() || limit.count() <= 0; }
    void await_suspend(std::coroutine_handle<> awaiting) {
      handle = awaiting;
      spawned->waiting().push_back(*this);
      alarm.arm(spawned->owner().timers(), detail::after(capped(limit)),
                [](void* self) { detail::resume_soon(*static_cast<timed_wait*>(self)); }, this);
    }
    bool await_resume() {
      alarm.disarm();
      return spawned->finished();
    }
    static std::chrono::nanoseconds capped(std::chrono::milliseconds limit) noexcept {
      return std::min<std::chrono::milliseconds>(limit, std::chrono::hours{24 * 365 * 10});
    }
    spawned_ptr spawned;
    std::chrono::milliseconds limit;
    detail::timer alarm;
  };

  spawned_ptr spawned_;
};

/// Waits for all of them and gives their results in the order of `handles`. When some failed,
/// throws the exception of the first of these in order, after all have ended.
template <class T>
task<std::vector<T>> join_all(std::vector<join_handle<T>> handles) {
  for (const auto& handle : handles)
    co_await handle.wait();
  std::vector<T> results;
  results.reserve(handles.size());
  for (auto& handle : handles)
    results.push_back(co_await std::move(handle));
  co_return results;
}

inline task<void> join_all(std::vector<join_handle<void>> handles) {
  for (const auto& handle : handles)
    co_await handle.wait();
  for (const auto& handle : handles)
    co_await handle;
}

} // namespace troupe
