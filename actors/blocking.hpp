#pragma once

#include "actors/context.hpp"
#include "actors/detail/parcel.hpp"
#include "actors/detail/suspended.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <variant>

namespace troupe {

namespace detail {

/// Work for another thread that comes back to the loop it was sent from.
class errand : public parcel {
public:
  virtual ~errand() = default;

  /// On the other thread; throws nothing.
  virtual void work() noexcept = 0;

  void arrive() override;
  void discard() noexcept override { delete this; }

  // The home loop's thread only.
  suspended* waiting = nullptr; // null: nobody waits any more
  bool back = false;
};

/// Throws error{unavailable} when the pool's queue is full.
void run_on_pool(host& owner, errand& what);
void run_on_scheduler(host& owner, errand& what);

template <class F>
class errand_of final : public errand {
public:
  using result = std::invoke_result_t<F&>;
  using stored = std::conditional_t<std::is_void_v<result>, std::monostate, result>;

  explicit errand_of(F&& f) : f_(std::move(f)) {}

  void work() noexcept override {
    try {
      if constexpr (std::is_void_v<result>) {
        (*f_)();
        value_.emplace();
      } else {
        value_.emplace((*f_)());
      }
    } catch (...) {
      failed_ = std::current_exception();
    }
    f_.reset(); // what it has captured ends here, not on the loop
  }

  result take() {
    if (failed_)
      std::rethrow_exception(failed_);
    if constexpr (!std::is_void_v<result>)
      return std::move(*value_);
  }

private:
  std::optional<F> f_;
  std::optional<stored> value_;
  std::exception_ptr failed_;
};

template <class F, class Send>
class errand_awaiter final : public suspended {
public:
  errand_awaiter(F&& f, Send send) : what_(new errand_of<F>{std::move(f)}), send_(send) {}
  ~errand_awaiter() {
    if (!sent_ || what_->back)
      delete what_;
    else
      what_->waiting = nullptr; // it frees itself
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    what_->waiting = this;
    send_(*what_); // may throw: then it was not sent
    sent_ = true;
  }
  auto await_resume() { return what_->take(); }

private:
  errand_of<F>* what_;
  Send send_;
  bool sent_ = false;
};

} // namespace detail

template <class F>
auto context::blocking(F f) -> task<std::invoke_result_t<F&>> {
  auto send = [this](detail::errand& what) { detail::run_on_pool(host_, what); };
  co_return co_await detail::errand_awaiter<F, decltype(send)>{std::move(f), send};
}

template <class F>
auto context::compute(F f) -> task<std::invoke_result_t<F&>> {
  auto send = [this](detail::errand& what) { detail::run_on_scheduler(host_, what); };
  co_return co_await detail::errand_awaiter<F, decltype(send)>{std::move(f), send};
}

} // namespace troupe
