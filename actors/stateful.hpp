#pragma once

#include "actors/detail/address.hpp"
#include "actors/task.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace troupe {

class context;

/// A reference to a stateful actor: a struct S whose overloads `handle(message)`, or
/// `handle(context&, message)`, take the messages; plain functions or coroutines.
///
/// Messages are handled one at a time, also while a handler waits in `co_await`: the state needs
/// no lock. Keep it, copy it, send it. Asking an empty one throws std::logic_error; what is told to
/// it is dropped.
template <class S>
class actor_ref {
public:
  actor_ref() = default;
  explicit actor_ref(detail::actor_address to) : to_(std::move(to)) {}

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(to_); }
  [[nodiscard]] const detail::actor_address& address() const noexcept { return to_; }

private:
  detail::actor_address to_;
};

namespace detail {

/// Owns the state of a stateful actor without naming its type.
class state_box {
public:
  virtual ~state_box() = default;
  [[nodiscard]] virtual void* get() noexcept = 0;
};

template <class S>
class state_of final : public state_box {
public:
  [[nodiscard]] void* get() noexcept override { return &state_; }

private:
  S state_;
};

template <class S, class M>
decltype(auto) call_handle(S& state, context& ctx, M& message) {
  if constexpr (requires { state.handle(ctx, std::move(message)); })
    return state.handle(ctx, std::move(message));
  else
    return state.handle(std::move(message));
}

template <class T>
struct answer {
  using type = T;
  static constexpr bool is_task = false;
};
template <class T>
struct answer<task<T>> {
  using type = T;
  static constexpr bool is_task = true;
};

template <class S, class M>
using handled = answer<std::remove_cvref_t<decltype(call_handle(
  std::declval<S&>(), std::declval<context&>(), std::declval<M&>()))>>;

/// What `co_await ctx.ask(ref, message)` gives.
template <class S, class M>
using answer_of = typename handled<S, M>::type;

/// A message to a stateful actor of this node; it knows how to be handled.
class local_message {
public:
  virtual ~local_message() = default;
  /// Handles the message; the answer, if any, as what the asker casts back.
  virtual task<std::shared_ptr<void>> run(void* state, context& ctx) = 0;
};

template <class S, class M>
class message_for final : public local_message {
public:
  explicit message_for(M message) : message_(std::move(message)) {}

  task<std::shared_ptr<void>> run(void* state, context& ctx) override {
    auto& own = *static_cast<S*>(state);
    using how = handled<S, M>;
    if constexpr (std::is_void_v<typename how::type>) {
      if constexpr (how::is_task)
        co_await call_handle(own, ctx, message_);
      else
        call_handle(own, ctx, message_);
      co_return nullptr;
    } else if constexpr (how::is_task) {
      co_return std::make_shared<typename how::type>(co_await call_handle(own, ctx, message_));
    } else {
      co_return std::make_shared<typename how::type>(call_handle(own, ctx, message_));
    }
  }

private:
  M message_;
};

} // namespace detail

} // namespace troupe
