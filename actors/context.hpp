#pragma once

#include "actors/database.hpp"
#include "actors/detail/host.hpp"
#include "actors/join_handle.hpp"
#include "actors/stateful.hpp"
#include "actors/task.hpp"

#include <chrono>
#include <concepts>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

namespace detail {

/// One address per type: a key without RTTI.
template <class T>
inline constexpr char type_key = 0;

class sleep_awaiter : public suspended {
public:
  sleep_awaiter(timer_queue& queue, steady_time until) noexcept : queue_(queue), until_(until) {}
  bool await_ready() const noexcept { return until_ <= std::chrono::steady_clock::now(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    handle = waiting;
    alarm_.arm(queue_, until_,
               [](void* self) { static_cast<sleep_awaiter*>(self)->handle.resume(); }, this);
  }
  void await_resume() const noexcept {}

private:
  timer_queue& queue_;
  steady_time until_;
  timer alarm_;
};

} // namespace detail

/// What an actor gives to the coroutines that it runs: time, tasks, other actors, the database.
///
/// One for each worker actor, alive as long as the actor: spawned tasks may keep the reference.
/// Belongs to the actor's event loop; everything it gives out stays on that loop.
class context {
public:
  context(detail::host& owner, std::string node_name)
    : host_(owner), node_name_(std::move(node_name)) {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  [[nodiscard]] auto sleep_until(std::chrono::steady_clock::time_point when) {
    return detail::sleep_awaiter{host_.timers(), when};
  }
  /// `co_await ctx.sleep(100ms)`; no thread waits.
  [[nodiscard]] auto sleep(std::chrono::nanoseconds duration) {
    return sleep_until(detail::after(duration));
  }

  /// Runs `work` on its own, at once up to its first wait; ends with the actor at the latest.
  template <class T>
  join_handle<T> spawn(task<T> work) {
    if (!work)
      throw std::logic_error{"an empty task was spawned"};
    auto spawned = std::make_shared<detail::spawned_task<T>>(host_, std::move(work));
    spawned->start();
    return join_handle<T>{std::move(spawned)};
  }

  /// The same for a callable `task<T>(context&)`; its captures live as long as its coroutine.
  template <class F>
    requires std::invocable<F&, context&>
  auto spawn(F work) {
    return spawn(call_stored(std::move(work), *this));
  }

  /// The database of this node (setting `storage.url`).
  [[nodiscard]] database db() noexcept { return database{host_}; }

  /// The actor's own T (so one for each service and event loop), made at first use, ended with the
  /// actor. Needs no lock: one event loop uses it; but other coroutines of the actor run while one
  /// waits in `co_await`.
  template <class T>
  T& local() {
    for (auto& [key, value] : locals_)
      if (key == &detail::type_key<T>)
        return *static_cast<T*>(value.get());
    auto made = std::make_shared<T>();
    locals_.emplace_back(&detail::type_key<T>, made);
    return *made;
  }

  /// The stateful actor with state S that belongs to this actor, started at first use. S is made by
  /// its default constructor.
  template <class S>
  actor_ref<S> actor() {
    struct holder {
      actor_ref<S> ref;
    };
    auto& held = local<holder>();
    if (!held.ref)
      held.ref = actor_ref<S>{host_.spawn_state_actor(std::make_unique<detail::state_of<S>>())};
    return held.ref;
  }

  /// Sends `message` and waits for what `S::handle(message)` returns; its exception is thrown here
  /// as `error`, with `internal` for any but `error`. The actor handles one message at a time, so one
  /// that asks itself, also through others, waits for ever. There is no timeout and no bound on how
  /// many messages may wait.
  template <class S, class Message>
  auto ask(actor_ref<S> to, Message message) -> task<detail::answer_of<S, Message>> {
    using answer = detail::answer_of<S, Message>;
    if (!to)
      throw std::logic_error{"an empty actor_ref was asked"};
    auto what = std::make_shared<detail::message_for<S, Message>>(std::move(message));
    auto value = co_await detail::reply_to{host_, [&](std::uint64_t id) {
      host_.send_local(to.address(), id, std::move(what));
      return true;
    }};
    auto held = detail::expect_reply<std::shared_ptr<void>>(std::move(value));
    if constexpr (!std::is_void_v<answer>)
      co_return std::move(*static_cast<answer*>(held.get()));
  }

  /// Sends `message` and waits for nothing; an exception of its handler stands in the log only.
  template <class S, class Message>
  void tell(actor_ref<S> to, Message message) {
    host_.send_local(to.address(), 0,
                     std::make_shared<detail::message_for<S, Message>>(std::move(message)));
  }

  /// The name of the node that runs this, as /_troupe/nodes shows it.
  [[nodiscard]] const std::string& node_name() const noexcept { return node_name_; }

  /// For the framework's own services.
  [[nodiscard]] detail::host& host() noexcept { return host_; }

  /// Ends what belongs to the actor. Called when the actor ends, after its coroutines.
  void clear_locals() noexcept { locals_.clear(); }

private:
  template <class F>
  static auto call_stored(F work, context& ctx) -> std::invoke_result_t<F&, context&> {
    co_return co_await work(ctx);
  }

  detail::host& host_;
  std::string node_name_;
  std::vector<std::pair<const void*, std::shared_ptr<void>>> locals_;
};

} // namespace troupe
