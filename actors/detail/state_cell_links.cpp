// Stateful actors that fail together, and those who watch them.
#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/state_cell_parts.hpp"

#include <algorithm>

namespace troupe::detail {

/// From one actor to another one that it is linked to.
struct state_cell::link_news final : parcel {
  void arrive() override {
    if (over)
      to->linked_ended(*from);
    else
      to->linked_failed(*from, incident, why);
    delete this;
  }
  void discard() noexcept override { delete this; }

  cell_ref to;
  cell_ref from;
  std::string why;
  std::uint64_t incident = 0;
  bool over = false; // it has ended, which fails nobody
};

void state_cell::link_to(const cell_ref& other) {
  if (other.get() == this)
    return;
  if (ended())
    tell_linked_one(other, 0, {});
  else if (auto& links = rare().links; std::find(links.begin(), links.end(), other) == links.end())
    links.push_back(other);
}

void state_cell::tell_linked_one(const cell_ref& other, std::uint64_t incident,
                                 const std::string& why) {
  auto* made = new link_news;
  made->to = other;
  made->from = cell_ref{this};
  made->why = why;
  made->incident = incident;
  made->over = ended();
  other->loop().send(*made);
}

/// Those that it is linked to fail in turn, each once for one incident: links may run in a circle.
void state_cell::tell_linked(std::uint64_t incident, const std::string& why) {
  if (!rare_)
    return;
  if (ended())
    for (const auto& each : std::exchange(rare_->links, {}))
      tell_linked_one(each, incident, why);
  else
    for (const auto& each : rare_->links)
      tell_linked_one(each, incident, why);
}

void state_cell::linked_failed(const state_cell& other, std::uint64_t incident,
                               const std::string& why) {
  auto& mine = rare();
  const auto is_other = [&](const auto& each) { return each.get() == &other; };
  if (mine.incident != incident && std::any_of(mine.links.begin(), mine.links.end(), is_other))
    crash("it is linked to an actor that has failed: " + why, incident);
}

void state_cell::linked_ended(const state_cell& other) noexcept {
  std::erase_if(rare().links, [&](const auto& each) { return each.get() == &other; });
}

void state_cell::watch(std::shared_ptr<end_watcher> who) {
  if (ended()) {
    who->actor_ended({});
    return;
  }
  auto& mine = rare();
  if (mine.watchers.size() >= mine.watchers_swept) {
    std::erase_if(mine.watchers, [](const auto& each) { return each.expired(); });
    mine.watchers_swept = std::max(mine.watchers_swept, 2 * mine.watchers.size());
  }
  mine.watchers.push_back(std::move(who));
}

void state_cell::tell_watchers(const std::string& why) noexcept {
  if (!rare_)
    return;
  for (const auto& each : std::exchange(rare_->watchers, {}))
    if (const auto who = each.lock())
      who->actor_ended(why);
}

} // namespace troupe::detail
