#pragma once

#include "actors/actor_options.hpp"
#include "actors/database.hpp"
#include "actors/detail/cell_ref.hpp"
#include "actors/detail/host.hpp"
#include "actors/join_handle.hpp"
#include "actors/sleep.hpp"
#include "actors/task.hpp"

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace troupe {

class context;
template <class S>
class actor_ref;
template <class S>
class keyed_ref;
template <class T>
class topic;
template <class T>
class subscription;
struct subscription_options;
class supervisor;

namespace detail {

/// One address per type: a key without RTTI.
template <class T>
inline constexpr char type_key = 0;

template <class S, class M>
struct answer_to;

template <class F>
concept spawnable = std::invocable<F&, context&> || std::invocable<F&>;

/// Calls what it keeps: `work` lives as long as its coroutine.
template <class F>
  requires std::invocable<F&, context&>
auto call_stored(F work, context& ctx) -> std::invoke_result_t<F&, context&> {
  co_return co_await work(ctx);
}
template <class F>
  requires(!std::invocable<F&, context&>)
auto call_stored(F work, context&) -> std::invoke_result_t<F&> {
  co_return co_await work();
}

} // namespace detail

/// What `co_await ctx.ask(ref, message)` gives.
template <class S, class Message>
using answer_of = typename detail::answer_to<S, Message>::type;

/// What an actor gives to the coroutines that it runs: time, tasks, other actors, the database.
///
/// One for each worker actor and each stateful actor, alive as long as the actor: spawned tasks may
/// keep the reference. Belongs to the actor's event loop; what it gives out stays on that loop where
/// its own header does not say otherwise.
class context {
public:
  explicit context(detail::host& owner) noexcept : host_(owner) {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  // -- time (actors/sleep.hpp; all of it also works without a context) ---------------------------------

  /// Goes on at `when`, in the loop's next turn if that is past.
  [[nodiscard]] auto sleep_until(std::chrono::steady_clock::time_point when) {
    return troupe::sleep_until(when);
  }
  /// `co_await ctx.sleep(100ms)`; no thread waits.
  template <class Rep, class Period>
  [[nodiscard]] auto sleep(std::chrono::duration<Rep, Period> duration) {
    return troupe::sleep(duration);
  }
  /// Lets everything else run that is ready, I/O included: `co_await ctx.yield()` in a long loop.
  [[nodiscard]] auto yield() { return troupe::yield(); }

  // -- tasks -------------------------------------------------------------------------------------------

  /// Runs `work` on its own: up to its first wait before this returns. It ends when the actor ends, or is
  /// begun anew after a failure, at the latest. `name` is for logs and /_troupe/actors.
  template <class T>
  join_handle<T> spawn(std::string name, task<T> work) {
    if (!work)
      throw std::logic_error{"an empty task was spawned"};
    auto spawned = std::allocate_shared<detail::spawned_task<T>>(
      detail::frame_memory<detail::spawned_task<T>>{}, host_, std::move(name), std::move(work));
    spawned->begin();
    return join_handle<T>{std::move(spawned)};
  }
  template <class T>
  join_handle<T> spawn(task<T> work) {
    return spawn(std::string{}, std::move(work));
  }

  /// The same for a callable, `task<T>(context&)` or `task<T>()`; its captures live as long as its
  /// coroutine.
  template <class F>
    requires detail::spawnable<F>
  auto spawn(std::string name, F work) {
    return spawn(std::move(name), detail::call_stored(std::move(work), *this));
  }
  template <class F>
    requires detail::spawnable<F>
  auto spawn(F work) {
    return spawn(std::string{}, std::move(work));
  }

  // -- other threads -----------------------------------------------------------------------------------

  /// Calls `f` on a thread of the node's pool for calls that block (files, libraries that wait) and
  /// gives what it returns or throws. error{unavailable} when all threads are busy and the queue is
  /// full (settings actors.blocking_threads, actors.blocking_queue). `f` runs to its end even when
  /// nobody waits any more; what it refers to must live as long, so let it own its captures.
  template <class F>
  auto blocking(F f) -> task<std::invoke_result_t<F&>>;

  /// Calls `f` on CAF's scheduler: for work that computes for more than a millisecond. As `blocking`,
  /// but without a bound.
  template <class F>
  auto compute(F f) -> task<std::invoke_result_t<F&>>;

  // -- databases ---------------------------------------------------------------------------------------

  /// The database of this node (setting `storage.url`).
  [[nodiscard]] database db() noexcept { return database{host_}; }
  /// A further one, by its name in the settings (`databases.NAME.url`); "storage": that of `db()`.
  /// error{internal} when there is none of this name; it says which there are, for the log.
  [[nodiscard]] database db(std::string_view name) { return database{host_, name}; }

  // -- stateful actors (actors/stateful.hpp) -------------------------------------------------------------

  /// The stateful actor with state S that belongs to this actor, started at first use, on its loop. S
  /// is made by its default constructor.
  template <class S>
  actor_ref<S> actor();

  /// A new stateful actor with the state S{arguments...}, made anew with copies of the same arguments
  /// after a failure. It lives until it is stopped or this actor ends, whoever refers to it.
  template <class S, class... Args>
  actor_ref<S> spawn_actor(actor_options how, Args... arguments);
  /// The same as any other of its type: unnamed, with the default options.
  template <class S>
  actor_ref<S> spawn_actor();

  /// A supervisor under this actor's own: for actors that fail together.
  supervisor make_supervisor(supervisor_options how = {});

  /// Sends `message` and waits for what `S::handle(message)` returns; its exception is thrown here
  /// as `error`, with `internal` for any but `error`. error{unavailable} when the actor has ended or
  /// its mailbox is full. Given up (with_timeout, abort), the message is not handled if its turn had not
  /// come; what is being handled goes on. An actor that is not reentrant handles one message at a time,
  /// so one that asks itself, also through others, waits for ever: with_timeout ends that.
  template <class S, class Message>
  auto ask(actor_ref<S> to, Message message) -> task<answer_of<S, Message>>;

  /// Sends `message` and waits for nothing; an exception of its handler stands in the log only, and
  /// so does that the mailbox is full. An idle actor of this loop may handle it before this returns.
  template <class S, class Message>
  void tell(const actor_ref<S>& to, Message message);

  /// The same to the actor of a key (actors/keyed.hpp).
  template <class S, class Message>
  auto ask(keyed_ref<S> to, Message message) -> task<answer_of<S, Message>>;
  template <class S, class Message>
  void tell(const keyed_ref<S>& to, Message message);

  /// Ends the actor, on whatever loop it is: soon, so that an actor may stop itself. What it handles and
  /// what waits in its mailbox is answered with error{unavailable}.
  template <class S>
  void stop(const actor_ref<S>& which);

  /// Waits until the actor next fails or ends: gives why it failed, empty for an orderly end.
  template <class S>
  task<std::string> monitor(actor_ref<S> whom);

  /// When one of both fails, so does the other; as long as both live, also after they were begun anew.
  template <class S, class T>
  void link(const actor_ref<S>& one, const actor_ref<T>& other);

  // -- topics (actors/topic.hpp) -----------------------------------------------------------------------

  /// Sends the value to all who listen on this node and the others of the cluster, each of them once at most; waits for
  /// nothing. error{invalid_argument} for more than 1 MiB of JSON, or text that is not UTF-8.
  template <class T>
  void publish(const topic<T>& on, const std::type_identity_t<T>& value);

  /// Listens from now on. error{invalid_argument} for a capacity of 0.
  template <class T>
  [[nodiscard]] subscription<T> subscribe(const topic<T>& to);
  template <class T>
  [[nodiscard]] subscription<T> subscribe(const topic<T>& to, const subscription_options& how);

  // -- the actor's own -----------------------------------------------------------------------------------

  /// The actor's own T (so one for each service and event loop), made at first use, ended with the
  /// actor. Needs no lock: one event loop uses it; but other coroutines of the actor run while one
  /// waits in `co_await`.
  template <class T>
  T& local() {
    if (!locals_)
      locals_ = std::make_unique<std::vector<local_value>>();
    for (auto& [key, value] : *locals_)
      if (key == &detail::type_key<T>)
        return *static_cast<T*>(value.get());
    auto made = std::make_shared<T>();
    locals_->emplace_back(&detail::type_key<T>, made);
    return *made;
  }

  /// The name of the node that runs this, as /_troupe/nodes shows it.
  [[nodiscard]] const std::string& node_name() const noexcept { return host_.node().node_name; }

  /// Where the request stands in a trace that is being answered, also for a task that its handler has spawned; see
  /// request::trace. None: nobody traces it, or the code runs for no request (a stateful actor handles a message).
  [[nodiscard]] std::optional<trace_context> trace() const { return host_.trace(); }

  /// For the framework's own services.
  [[nodiscard]] detail::host& host() noexcept { return host_; }

  /// Ends what belongs to the actor. Called when the actor ends, after its coroutines.
  void clear_locals() noexcept { locals_.reset(); }

private:
  using local_value = std::pair<const void*, std::shared_ptr<void>>;

  detail::host& host_;
  std::unique_ptr<std::vector<local_value>> locals_;
};

} // namespace troupe

#include "actors/blocking.hpp"
#include "actors/stateful.hpp"
