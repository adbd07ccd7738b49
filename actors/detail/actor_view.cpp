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

std::size_t count_groups(const supervision& above) {
  std::size_t out = 0;
  for (const auto& group : above.groups())
    out += 1 + count_groups(*group);
  return out;
}

loop_summary summary_of(const event_loop& loop) {
  loop_summary out;
  for (const auto* each = loop.first_host(); each != nullptr; each = each->next_host()) {
    ++out.actors;
    if (const auto* children = each->present_children())
      out.actors += count_groups(*children);
    if (!each->is_service())
      continue;
    auto& made = out.services.emplace_back(each->view());
    made.name = each->host_name();
    made.loop = loop.index();
  }
  return out;
}

/// What `look` says of each loop, on that loop.
template <class Answer, class Look>
task<std::vector<Answer>> ask_loops(context& ctx, Look look) {
  const auto& loops = ctx.host().node().loops;
  std::vector<Answer> out(loops.size());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    channel<Answer> answer{1};
    run_on_loop(*loops[i]->door().get(), [answer, loop = loops[i], look]() mutable {
      answer.try_send(look(*loop));
    });
    if (auto said = co_await answer.recv())
      out[i] = std::move(*said);
  }
  co_return out;
}

} // namespace

task<std::vector<loop_summary>> sum_up_actors(context& ctx) {
  return ask_loops<loop_summary>(ctx, summary_of);
}

task<std::vector<loop_view>> view_actors(context& ctx, std::size_t limit) {
  return ask_loops<loop_view>(ctx, [limit](const event_loop& loop) { return view_of(loop, limit); });
}

} // namespace troupe::detail
