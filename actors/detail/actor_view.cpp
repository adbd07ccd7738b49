#include "actors/detail/actor_view.hpp"

#include "actors/channel.hpp"
#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/event_loop_send.hpp"
#include "actors/detail/spawned.hpp"
#include "actors/detail/supervision.hpp"

namespace troupe::detail {

namespace {

/// The supervisors that an actor has made, and those under them.
void show_groups(loop_view& out, const supervision& above, unsigned loop, std::size_t limit) {
  for (const auto& group : above.groups()) {
    if (++out.actors <= limit) {
      auto& made = out.shown.emplace_back();
      made.name = group->how().name;
      made.kind = "supervisor";
      made.supervisor = above.path();
      made.state = group->paused() ? "restarting" : "running";
      made.loop = loop;
      made.restarts = group->restarts();
      made.age = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - group->born());
    }
    show_groups(out, *group, loop, limit);
  }
}

loop_view view_of(const event_loop& loop, std::size_t limit) {
  loop_view out;
  for (const auto* each = loop.first_host(); each != nullptr; each = each->next_host()) {
    if (++out.actors <= limit) {
      auto& made = out.shown.emplace_back(each->view());
      made.name = each->host_name();
      made.loop = loop.index();
      for (auto* task = each->first_spawned(); task != nullptr; task = task->next())
        if (!task->finished())
          made.tasks.push_back(task->name());
    }
    if (const auto* children = each->present_children())
      show_groups(out, *children, loop.index(), limit);
  }
  return out;
}

} // namespace

task<std::vector<loop_view>> view_actors(context& ctx, std::size_t limit) {
  const auto& loops = ctx.host().node().loops;
  std::vector<loop_view> out(loops.size());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    channel<loop_view> answer{1};
    run_on_loop(*loops[i]->door().get(), [answer, loop = loops[i], limit]() mutable {
      answer.try_send(view_of(*loop, limit));
    });
    if (auto view = co_await answer.recv())
      out[i] = std::move(*view);
  }
  co_return out;
}

} // namespace troupe::detail
