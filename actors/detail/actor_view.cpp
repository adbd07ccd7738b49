#include "actors/detail/actor_view.hpp"

#include "actors/channel.hpp"
#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/event_loop_send.hpp"

namespace troupe::detail {

namespace {

loop_view view_of(const event_loop& loop, std::size_t limit) {
  loop_view out;
  for (const auto* each = loop.first_host(); each != nullptr; each = each->next_host())
    if (++out.actors <= limit) {
      auto& made = out.shown.emplace_back(each->view());
      made.name = each->host_name();
      made.loop = loop.index();
      for (auto* task = each->first_spawned(); task != nullptr; task = task->next())
        if (!task->finished())
          made.tasks.push_back(task->name());
    }
  return out;
}

} // namespace

task<std::vector<loop_view>> view_actors(context& ctx, std::size_t limit) {
  const auto& loops = ctx.host().node().loops;
  std::vector<loop_view> out(loops.size());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    channel<loop_view> answer{1};
    run_on_loop(*loops[i], [answer, loop = loops[i], limit]() mutable {
      answer.try_send(view_of(*loop, limit));
    });
    if (auto view = co_await answer.recv())
      out[i] = std::move(*view);
  }
  co_return out;
}

} // namespace troupe::detail
