#pragma once

#include "actors/context.hpp"

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <variant>

namespace troupe {

namespace detail {

/// Runs `work` on the first of `loops` event loops until it has ended; pinned: each on a core of its own.
void run_to_end(unsigned loops, bool pinned, const std::function<task<void>(context&)>& work);

} // namespace detail

/// Runs the coroutine `work(context&)` to its end and gives what it gives: actors, tasks and channels
/// without a node, for tools, tests and benchmarks. `loops` event loops (0: one for each core); `work`
/// begins on the first one, `placement::spread` uses them all; `pin_threads` keeps each loop on a core
/// of its own (setting actors.pin_threads). There is no database. Blocks the calling
/// thread, which is none of an event loop; what still runs in the end is ended. Throws what `work` throws.
/// An actor that is beyond help stands in the log, and fails nothing else.
template <class F>
auto block_on(F work, unsigned loops = 0, bool pin_threads = false) {
  using result = typename std::invoke_result_t<F&, context&>::value_type;
  std::optional<std::conditional_t<std::is_void_v<result>, std::monostate, result>> out;
  std::exception_ptr failed;
  detail::run_to_end(loops, pin_threads, [&](context& ctx) -> task<void> {
    try {
      if constexpr (std::is_void_v<result>)
        co_await work(ctx);
      else
        out.emplace(co_await work(ctx));
    } catch (...) {
      failed = std::current_exception();
    }
  });
  if (failed)
    std::rethrow_exception(failed);
  if constexpr (!std::is_void_v<result>)
    return std::move(*out);
}

} // namespace troupe
