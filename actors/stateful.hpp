#pragma once

#include "actors/context.hpp"
#include "actors/detail/cell_kind.hpp"
#include "actors/detail/letter.hpp"
#include "actors/detail/state_cell.hpp"
#include "actors/detail/type_name.hpp"

#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace troupe {

/// A reference to a stateful actor: a struct S whose overloads `handle(message)`, or
/// `handle(context&, message)`, take the messages; plain functions or coroutines.
///
/// Messages are handled one at a time, also while a handler waits in `co_await` (unless the actor is
/// made reentrant): the state needs no lock. A handler that throws `error` answers with it; any other
/// exception answers with errc::internal, and the actor is begun anew: its state is lost, what waits
/// in its mailbox is not.
///
/// Keep it, copy it, send it, to other threads too. Asking an empty one throws std::logic_error; what
/// is told to it is dropped.
template <class S>
class actor_ref {
public:
  actor_ref() = default;
  explicit actor_ref(detail::cell_ref to) : to_(std::move(to)) {}

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(to_); }
  [[nodiscard]] const detail::cell_ref& cell() const noexcept { return to_; }
  friend bool operator==(const actor_ref&, const actor_ref&) = default;

private:
  detail::cell_ref to_;
};

namespace detail {

template <class S, class M>
decltype(auto) call_handle(S& state, context& ctx, M& message) {
  if constexpr (requires { state.handle(ctx, std::move(message)); })
    return state.handle(ctx, std::move(message));
  else
    return state.handle(std::move(message));
}

template <class T>
struct unwrapped {
  using type = T;
  static constexpr bool is_task = false;
};
template <class T>
struct unwrapped<task<T>> {
  using type = T;
  static constexpr bool is_task = true;
};

template <class S, class M>
struct answer_to
  : unwrapped<std::remove_cvref_t<decltype(call_handle(
      std::declval<S&>(), std::declval<context&>(), std::declval<M&>()))>> {};

/// The message M on its way to an actor with the state S, and on its way back the answer.
template <class S, class M>
class letter_to : public letter {
public:
  using how = answer_to<S, M>;
  using result = typename how::type;
  using stored = std::conditional_t<std::is_void_v<result>, std::monostate, result>;

  explicit letter_to(M&& message) : message_(std::move(message)) {}

  /// REQUIRES: answered, and not `failed`.
  result take() {
    if constexpr (!std::is_void_v<result>)
      return std::move(*value_);
  }

protected:
  M message_;
  std::optional<stored> value_;
};

/// For a handler that is a plain function.
template <class S, class M, bool IsTask>
class letter_handled final : public letter_to<S, M> {
public:
  using letter_to<S, M>::letter_to;

  void begin(void* state, context& ctx) noexcept override {
    try {
      auto& own = *static_cast<S*>(state);
      if constexpr (std::is_void_v<typename letter_to<S, M>::result>) {
        call_handle(own, ctx, this->message_);
        this->value_.emplace();
      } else {
        this->value_.emplace(call_handle(own, ctx, this->message_));
      }
    } catch (...) {
      this->take_failure();
    }
    this->done = true;
  }
  void destroy_work() noexcept override {}
};

/// For one that is a coroutine.
template <class S, class M>
class letter_handled<S, M, true> final : public letter_to<S, M>, private completion {
public:
  using letter_to<S, M>::letter_to;

  void begin(void* state, context& ctx) noexcept override {
    try {
      work_ = call_handle(*static_cast<S*>(state), ctx, this->message_);
      if (!work_)
        throw std::logic_error{"the handler gave an empty task"};
    } catch (...) {
      this->take_failure();
      this->done = true;
      return;
    }
    work_.start(*this);
  }
  void destroy_work() noexcept override { work_.reset(); }

private:
  std::coroutine_handle<> completed() noexcept override {
    try {
      if constexpr (std::is_void_v<typename letter_to<S, M>::result>) {
        work_.take();
        this->value_.emplace();
      } else {
        this->value_.emplace(work_.take());
      }
    } catch (...) {
      this->take_failure();
    }
    this->work_ended();
    return std::noop_coroutine();
  }

  task<typename letter_to<S, M>::result> work_;
};

template <class S, class M>
using letter_for = letter_handled<S, M, answer_to<S, M>::is_task>;

/// `co_await` sends the letter and gives the answer.
template <class S, class M>
class ask_awaiter final : public asker {
public:
  ask_awaiter(const cell_ref& to, M&& message)
    : letter_(new letter_for<S, M>{std::move(message)}) {
    letter_->to = to;
  }
  ~ask_awaiter() {
    if (!sent_ || answered)
      delete letter_;
    else
      letter_->forget_asker();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    sent_ = true;
    return !letter_->send(this);
  }
  typename letter_for<S, M>::result await_resume() {
    if (letter_->failed)
      throw error{letter_->failed->code, letter_->failed->detail};
    return letter_->take();
  }

private:
  letter_for<S, M>* letter_;
  bool sent_ = false;
};

/// An actor with the state that `make(context&)` gives.
template <class S, class Make>
class cell_of final : public state_cell {
public:
  cell_of(event_loop& loop, node_services_ptr node, std::shared_ptr<const cell_kind> kind, Make make)
    : state_cell(loop, std::move(node), std::move(kind)), make_(std::move(make)) {}
  ~cell_of() override { state_.reset(); }

protected:
  void* state() noexcept override { return &*state_; }
  void make_state() override { make_(state_, own_context()); }
  void destroy_state() noexcept override { state_.reset(); }

private:
  [[no_unique_address]] Make make_;
  std::optional<S> state_;
};

/// Makes an S from stored arguments, or by default.
template <class S, class... Args>
struct make_from {
  [[no_unique_address]] std::tuple<Args...> arguments;

  void operator()(std::optional<S>& state, context&) const {
    std::apply([&](const auto&... each) { state.emplace(each...); }, arguments);
  }
};

template <class S>
std::shared_ptr<const cell_kind> kind_with(actor_options&& how) {
  static const auto* const label = intern(type_name<S>());
  return std::make_shared<const cell_kind>(cell_kind{label, std::move(how)});
}

template <class S>
std::shared_ptr<const cell_kind> default_kind() {
  static const auto kind = kind_with<S>({});
  return kind;
}

/// The loop that an actor of these options is to live on.
event_loop& home_for(host& owner, placement where);

template <class S, class... Args>
actor_ref<S> spawn_under(supervision& by, host& owner, std::shared_ptr<const cell_kind> kind,
                         Args... arguments) {
  using maker = make_from<S, Args...>;
  auto& home = home_for(owner, kind->options.where);
  cell_ref made{new cell_of<S, maker>{home, owner.services(), std::move(kind),
                                      maker{std::tuple<Args...>{std::move(arguments)...}}}};
  by.add(made);
  return actor_ref<S>{std::move(made)};
}

task<std::string> wait_for_end(cell_ref whom);
void link_cells(const cell_ref& one, const cell_ref& other);
void tell_cell(letter* what, const cell_ref& to);

} // namespace detail

/// Begins anew the actors that fail, alone or together; what it cannot help fails its own supervisor,
/// at the top the actor that has made it. Lives as long as that one. A handle: copies name the same.
class supervisor {
public:
  explicit supervisor(std::shared_ptr<detail::supervision> own) : own_(std::move(own)) {}

  /// As context::spawn_actor. Throws std::logic_error when its actor has ended.
  template <class S, class... Args>
  actor_ref<S> spawn_actor(actor_options how, Args... arguments) {
    return detail::spawn_under<S, Args...>(*own_, owner(), detail::kind_with<S>(std::move(how)),
                                           std::move(arguments)...);
  }

  supervisor make_supervisor(supervisor_options how = {}) {
    owner();
    return supervisor{own_->add_group(std::move(how))};
  }

private:
  detail::host& owner() const;
  std::shared_ptr<detail::supervision> own_;
};

// -- what context declares ------------------------------------------------------------------------------

template <class S>
actor_ref<S> context::actor() {
  struct holder {
    actor_ref<S> ref;
  };
  auto& held = local<holder>();
  if (!held.ref || held.ref.cell()->ended())
    held.ref = detail::spawn_under<S>(host_.children(), host_, detail::default_kind<S>());
  return held.ref;
}

template <class S, class... Args>
actor_ref<S> context::spawn_actor(actor_options how, Args... arguments) {
  return detail::spawn_under<S, Args...>(host_.children(), host_,
                                         detail::kind_with<S>(std::move(how)),
                                         std::move(arguments)...);
}

template <class S>
actor_ref<S> context::spawn_actor() {
  return detail::spawn_under<S>(host_.children(), host_, detail::default_kind<S>());
}

inline supervisor context::make_supervisor(supervisor_options how) {
  return supervisor{host_.children().add_group(std::move(how))};
}

template <class S, class Message>
auto context::ask(actor_ref<S> to, Message message) -> task<answer_of<S, Message>> {
  if (!to)
    throw std::logic_error{"an empty actor_ref was asked"};
  co_return co_await detail::ask_awaiter<S, Message>{to.cell(), std::move(message)};
}

template <class S, class Message>
void context::tell(const actor_ref<S>& to, Message message) {
  if (to)
    detail::tell_cell(new detail::letter_for<S, Message>{std::move(message)}, to.cell());
}

template <class S>
void context::stop(const actor_ref<S>& which) {
  if (which)
    which.cell()->order_soon(&detail::state_cell::end_life);
}

template <class S>
task<std::string> context::monitor(actor_ref<S> whom) {
  if (!whom)
    throw std::logic_error{"an empty actor_ref was monitored"};
  return detail::wait_for_end(whom.cell());
}

template <class S, class T>
void context::link(const actor_ref<S>& one, const actor_ref<T>& other) {
  if (!one || !other)
    throw std::logic_error{"an empty actor_ref was linked"};
  detail::link_cells(one.cell(), other.cell());
}

} // namespace troupe
