#pragma once

#include "actors/context.hpp"
#include "actors/detail/awaitable.hpp"
#include "actors/join_handle.hpp"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace troupe {

// Each of these coroutines owns the tasks that it was given and runs them on its own loop, beside each
// other. When it ends or is destroyed, so are they: at once, where they wait. A handle of ctx.spawn is
// only watched: the wait for it ends, its task runs on.

namespace detail {

/// Begins tasks and waits until as many as wanted have ended.
class group_wait : public suspended, public completion {
public:
  /// `begin_all(*this)` starts the tasks; false: enough have ended already.
  template <class Begin>
  bool begin(std::coroutine_handle<> waiting, std::size_t wanted, Begin begin_all) {
    park(waiting);
    left_ = wanted;
    begin_all(*this);
    begun_ = true;
    return left_ > 0;
  }

  /// Those who wait go on in place of the last task: nothing comes between that could end the others
  /// as well, or destroy what this one gave.
  std::coroutine_handle<> completed() noexcept override {
    if (left_ > 0 && --left_ == 0 && begun_)
      return take_handle();
    return std::noop_coroutine();
  }

  [[nodiscard]] bool enough() const noexcept { return left_ == 0; }

protected:
  group_wait() noexcept = default;
  ~group_wait() = default;

private:
  std::size_t left_ = 0;
  bool begun_ = false;
};

template <class T>
struct all_of final : group_wait {
  explicit all_of(std::vector<task<T>>& t) : tasks(t) {}
  bool await_ready() const noexcept { return tasks.empty(); }
  bool await_suspend(std::coroutine_handle<> waiting) {
    return begin(waiting, tasks.size(), [this](group_wait& watcher) {
      for (auto& each : tasks)
        each.start(watcher);
    });
  }
  void await_resume() const noexcept {}
  std::vector<task<T>>& tasks;
};

template <class... T>
struct all_of_tuple final : group_wait {
  explicit all_of_tuple(std::tuple<task<T>...>& t) : tasks(t) {}
  bool await_ready() const noexcept { return sizeof...(T) == 0; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    return begin(waiting, sizeof...(T), [this](group_wait& watcher) {
      std::apply([&](auto&... each) { (each.start(watcher), ...); }, tasks);
    });
  }
  void await_resume() const noexcept {}
  std::tuple<task<T>...>& tasks;
};

/// A task of a race: knows that it was the first.
struct racer final : completion {
  std::coroutine_handle<> completed() noexcept override {
    if (*winner >= 0)
      return std::noop_coroutine();
    *winner = place;
    return whole->completed();
  }
  group_wait* whole = nullptr;
  int* winner = nullptr;
  int place = 0;
};

template <class... T>
struct first_of_tuple final : group_wait {
  explicit first_of_tuple(std::tuple<task<T>...>& t) : tasks(t) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    return begin(waiting, 1, [this](group_wait& watcher) {
      int place = 0;
      std::apply([&](auto&... each) { (start(each, watcher, place++), ...); }, tasks);
    });
  }
  int await_resume() const noexcept { return winner; }

  template <class One>
  void start(One& each, group_wait& watcher, int place) {
    racers[static_cast<std::size_t>(place)] = {};
    auto& one = racers[static_cast<std::size_t>(place)];
    one.whole = &watcher;
    one.winner = &winner;
    one.place = place;
    if (!watcher.enough())
      each.start(one);
  }

  std::tuple<task<T>...>& tasks;
  racer racers[sizeof...(T)];
  int winner = -1;
};

template <class T>
struct first_of final : group_wait {
  explicit first_of(std::vector<task<T>>& t) : tasks(t), racers(t.size()) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    return begin(waiting, 1, [this](group_wait& watcher) {
      for (std::size_t i = 0; i < tasks.size() && !watcher.enough(); ++i) {
        racers[i].whole = &watcher;
        racers[i].winner = &winner;
        racers[i].place = static_cast<int>(i);
        tasks[i].start(racers[i]);
      }
    });
  }
  int await_resume() const noexcept { return winner; }
  std::vector<task<T>>& tasks;
  std::vector<racer> racers;
  int winner = -1;
};

template <class T>
struct limited final : suspended, completion {
  limited(task<T>& w, steady_time u) : work(w), until(u) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    work.start(*this);
    begun = true;
    if (ended)
      return false;
    alarm.arm(current_timers(), until,
              [](void* self) { resume_soon(*static_cast<limited*>(self)); }, this);
    return true;
  }
  /// Whether the task has ended.
  bool await_resume() noexcept {
    alarm.disarm();
    return ended;
  }
  std::coroutine_handle<> completed() noexcept override {
    ended = true;
    return begun ? take_handle() : std::noop_coroutine();
  }
  task<T>& work;
  steady_time until;
  timer alarm;
  bool begun = false;
  bool ended = false;
};

template <class T>
void require_task(const task<T>& what, const char* where) {
  if (!what)
    throw std::logic_error{std::string{"an empty task was given to "} + where};
}

template <class T>
auto value_or_nothing(task<T>& ended) {
  if constexpr (std::is_void_v<T>) {
    ended.take();
    return std::monostate{};
  } else {
    return ended.take();
  }
}

template <class T>
using stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

std::string in_words(std::chrono::nanoseconds duration);

/// Ranges of tasks or of handles, but the vectors that the functions below take themselves.
template <class R>
concept many_awaitables = (is_task<std::ranges::range_value_t<R>>
                           || other_awaitable<std::ranges::range_value_t<R>>);

template <class R>
auto as_tasks(R&& many) {
  using element = std::ranges::range_value_t<R>;
  std::vector<decltype(as_task(std::declval<element>()))> out;
  for (auto&& each : many)
    if constexpr (std::is_lvalue_reference_v<R> || std::ranges::view<std::remove_cvref_t<R>>)
      out.push_back(as_task(element(std::forward<decltype(each)>(each)))); // handles are copied
    else
      out.push_back(as_task(element(std::move(each))));
  return out;
}

} // namespace detail

// -- all ------------------------------------------------------------------------------------------------

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

/// Runs all of them beside each other; the rest as with handles.
template <class T>
task<std::vector<T>> join_all(std::vector<task<T>> tasks) {
  for (const auto& each : tasks)
    detail::require_task(each, "join_all");
  co_await detail::all_of<T>{tasks};
  std::vector<T> results;
  results.reserve(tasks.size());
  for (auto& each : tasks)
    results.push_back(each.take());
  co_return results;
}

inline task<void> join_all(std::vector<task<void>> tasks) {
  for (const auto& each : tasks)
    detail::require_task(each, "join_all");
  co_await detail::all_of<void>{tasks};
  for (auto& each : tasks)
    each.take();
}

/// The same for what else holds tasks or handles: an array, a deque, a view.
template <std::ranges::input_range R>
  requires detail::many_awaitables<R>
auto join_all(R&& many) {
  return join_all(detail::as_tasks(std::forward<R>(many)));
}

/// Runs tasks of different types beside each other: `auto [a, b] = co_await join_all(f(), g());` with
/// std::monostate for void.
template <class... T>
  requires(sizeof...(T) > 0)
task<std::tuple<detail::stored<T>...>> join_all(task<T>... tasks) {
  (detail::require_task(tasks, "join_all"), ...);
  std::tuple<task<T>...> all{std::move(tasks)...};
  co_await detail::all_of_tuple<T...>{all};
  co_return std::apply(
    [](auto&... each) {
      return std::tuple<detail::stored<T>...>{detail::value_or_nothing(each)...};
    },
    all);
}

/// The same where some are no tasks: `co_await join_all(f(), items.recv(), handle)`.
template <class... A>
  requires(detail::other_awaitable<A> || ...)
auto join_all(A... what) {
  return join_all(detail::as_task(std::move(what))...);
}

template <class... T>
task<std::tuple<detail::stored<T>...>> join_all(std::tuple<task<T>...> tasks) {
  return std::apply([](auto&... each) { return join_all(std::move(each)...); }, tasks);
}

// -- first ----------------------------------------------------------------------------------------------

/// Runs all of them beside each other; gives the result, or throws the exception, of the one that ends
/// first. The others are destroyed where they wait, before this goes on. Throws std::invalid_argument
/// when there are none.
template <class T>
task<T> race(std::vector<task<T>> tasks) {
  if (tasks.empty())
    throw std::invalid_argument{"a race without tasks"};
  for (const auto& each : tasks)
    detail::require_task(each, "race");
  const auto winner = static_cast<std::size_t>(co_await detail::first_of<T>{tasks});
  auto first = std::move(tasks[winner]);
  tasks.clear();
  co_return first.take();
}

/// The same for what else holds tasks or handles.
template <std::ranges::input_range R>
  requires detail::many_awaitables<R>
auto race(R&& many) {
  return race(detail::as_tasks(std::forward<R>(many)));
}

/// The same for tasks of different types: a variant whose index tells which one was the first, with
/// std::monostate for void.
template <class... T>
  requires(sizeof...(T) > 0)
task<std::variant<detail::stored<T>...>> race(task<T>... tasks) {
  (detail::require_task(tasks, "race"), ...);
  using result = std::variant<detail::stored<T>...>;
  std::tuple<task<T>...> all{std::move(tasks)...};
  const int winner = co_await detail::first_of_tuple<T...>{all};
  co_return [&]<std::size_t... I>(std::index_sequence<I...>) {
    std::optional<result> out;
    std::exception_ptr failed;
    const auto take = [&]<std::size_t Place>(std::integral_constant<std::size_t, Place>) {
      if (winner != static_cast<int>(Place)) {
        std::get<Place>(all).reset();
        return;
      }
      try {
        out.emplace(std::in_place_index<Place>, detail::value_or_nothing(std::get<Place>(all)));
      } catch (...) {
        failed = std::current_exception();
      }
    };
    (take(std::integral_constant<std::size_t, I>{}), ...);
    if (failed)
      std::rethrow_exception(failed);
    return std::move(*out);
  }(std::index_sequence_for<T...>{});
}

/// The same where some are no tasks: `co_await race(f(), items.recv(), ctx.sleep(1s))`.
template <class... A>
  requires(detail::other_awaitable<A> || ...)
auto race(A... what) {
  return race(detail::as_task(std::move(what))...);
}

/// Gives what `work` gives. When it has not ended after `limit`, it is destroyed where it waits, and
/// error{deadline_exceeded} is thrown.
template <class Rep, class Period, class T>
task<T> with_timeout(std::chrono::duration<Rep, Period> limit, task<T> work) {
  detail::require_task(work, "with_timeout");
  const bool ended = co_await detail::limited<T>{work, detail::after(limit)};
  if (!ended) {
    work.reset();
    throw error{errc::deadline_exceeded,
                "no result within "
                  + detail::in_words(std::chrono::duration_cast<std::chrono::nanoseconds>(limit))};
  }
  co_return work.take();
}

/// The same for what is no task: `co_await with_timeout(1s, items.recv())`.
template <class Rep, class Period, detail::other_awaitable A>
auto with_timeout(std::chrono::duration<Rep, Period> limit, A what) {
  return with_timeout(limit, detail::as_task(std::move(what)));
}

// -- as they end ----------------------------------------------------------------------------------------

/// Spawned tasks whose results are taken in the order in which they end.
///
///     join_set<int> all{ctx};
///     for (auto& each : items)
///       all.spawn(work(each));
///     while (auto result = co_await all.next())
///       use(*result);
///
/// Destroying it aborts those that still run. Belongs to the actor whose context it was made with, which
/// outlives it.
template <class T>
class join_set {
public:
  using result = detail::stored<T>;

  explicit join_set(context& ctx) : ctx_(ctx), state_(std::make_shared<state>()) {}
  join_set(const join_set&) = delete;
  join_set& operator=(const join_set&) = delete;
  ~join_set() { abort_all(); }

  void spawn(std::string name, task<T> work) {
    if (running_.size() > 32 && running_.size() > 2 * size())
      std::erase_if(running_, [](const auto& each) { return each.finished(); });
    ++state_->running;
    const auto round = state_->round;
    auto made = ctx_.spawn(std::move(name), report(state_, round, std::move(work)));
    if (round == state_->round)
      running_.push_back(std::move(made));
    else
      made.abort(); // it has ended the whole set
  }
  void spawn(task<T> work) { spawn({}, std::move(work)); }

  /// The same for a callable, `task<T>(context&)` or `task<T>()`; it lives as long as its coroutine.
  template <class F>
    requires detail::spawnable<F>
  void spawn(F work) {
    spawn({}, detail::call_stored(std::move(work), ctx_));
  }

  /// The next result, or none when nothing is left to wait for. Throws the exception of a task.
  task<std::optional<result>> next() {
    auto shared = state_;
    do
      co_await one_ended{*shared};
    while (shared->ended.empty() && shared->running > 0);
    if (shared->ended.empty())
      co_return std::nullopt;
    auto first = std::move(shared->ended.front());
    shared->ended.pop_front();
    if (first.index() == 2)
      std::rethrow_exception(std::get<2>(first));
    co_return std::get<1>(std::move(first));
  }

  /// Those that run and those whose result was not taken.
  [[nodiscard]] std::size_t size() const noexcept { return state_->running + state_->ended.size(); }

  /// Ends those that run. What has ended can still be taken.
  void abort_all() {
    ++state_->round; // one that has called this goes on to its next wait
    state_->running = 0;
    for (const auto& each : std::exchange(running_, {}))
      each.abort();
    state_->waiting.wake_all();
  }

private:
  using outcome = std::variant<std::monostate, result, std::exception_ptr>;

  struct state {
    std::size_t running = 0;
    unsigned round = 0;
    std::deque<outcome> ended;
    detail::wait_list waiting;
  };

  struct one_ended : detail::suspended {
    explicit one_ended(state& o) : of(o) {}
    [[nodiscard]] bool over() const noexcept { return !of.ended.empty() || of.running == 0; }
    bool await_ready() const noexcept { return over() && detail::spend_operation(); }
    void await_suspend(std::coroutine_handle<> waiting) {
      park(waiting);
      if (over()) // its share is used up
        detail::resume_next_turn(*this);
      else
        of.waiting.push_back(*this);
    }
    void await_resume() const noexcept {}
    state& of;
  };

  static task<void> report(std::shared_ptr<state> to, unsigned round, task<T> work) {
    outcome out;
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(work);
        out.template emplace<1>();
      } else {
        out.template emplace<1>(co_await std::move(work));
      }
    } catch (...) {
      out.template emplace<2>(std::current_exception());
    }
    if (round != to->round)
      co_return;
    --to->running;
    to->ended.push_back(std::move(out));
    to->waiting.wake_all(); // several may wait, and the last result is the end for all others
  }

  context& ctx_;
  std::shared_ptr<state> state_;
  std::vector<join_handle<void>> running_;
};

} // namespace troupe
