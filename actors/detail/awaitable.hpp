#pragma once

#include "actors/task.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe::detail {

/// Something to `co_await` that can be moved until then: it makes its Awaiter, which cannot, in place.
template <class Awaiter, class... Args>
class [[nodiscard]] operation {
public:
  explicit operation(Args... arguments) : arguments_(std::forward<Args>(arguments)...) {}
  Awaiter operator co_await() && { return std::make_from_tuple<Awaiter>(std::move(arguments_)); }

private:
  std::tuple<Args...> arguments_;
};

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

template <class A>
concept has_co_await = requires(A&& what) { std::forward<A>(what).operator co_await(); };
template <class A>
concept is_awaiter = requires(A& what) { what.await_ready(), what.await_resume(); };

/// What can stand behind `co_await`, but a task.
template <class A>
concept other_awaitable = !is_task<A> && (has_co_await<A> || is_awaiter<A>);

template <class A>
auto awaited_by(A&& what) {
  if constexpr (has_co_await<A>)
    return std::type_identity<decltype(std::forward<A>(what).operator co_await().await_resume())>{};
  else
    return std::type_identity<decltype(what.await_resume())>{};
}
template <class A>
using awaited = std::remove_cvref_t<typename decltype(awaited_by(std::declval<A>()))::type>;

template <class T>
task<T> as_task(task<T> what) {
  return what;
}
template <other_awaitable A>
task<awaited<A>> as_task(A what) {
  co_return co_await std::move(what);
}

} // namespace troupe::detail
