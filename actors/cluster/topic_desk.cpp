#include "actors/cluster/topic_desk.hpp"

#include "actors/detail/topic_registry.hpp"

#include <algorithm>

namespace troupe {

namespace {

/// In one message.
constexpr std::size_t topics_at_once = 10'000;

} // namespace

topic_desk::topic_desk(std::uint64_t own_id, std::shared_ptr<detail::topic_registry> here)
  : own_id_(own_id), here_(std::move(here)) {}

// -- who is there -------------------------------------------------------------------------------------

void topic_desk::set_uplinks(const uplink_map& uplinks, const caf::strong_actor_ptr& self) {
  std::erase_if(uplinks_, [&](const auto& each) { return !uplinks.contains(each.first); });
  for (const auto& [through, peers] : uplinks)
    if (uplinks_.try_emplace(through).second)
      tell_interest(through, self);
  const auto before = std::exchange(routes_, find_routes(uplinks));
  for (auto& [through, by] : uplinks_)
    by.nodes.clear();
  routes changed;
  for (const auto& [id, route] : routes_) {
    uplinks_.at(route).nodes.push_back(id);
    const auto old = before.find(id);
    if (old == before.end() || old->second != route)
      changed.emplace(id, route);
  }
  here_->set_alone(routes_.empty()); // before the gap: what is published behind it is sent
  tell_gap(changed, self);
  if (std::any_of(before.begin(), before.end(), [&](const auto& each) { return !routes_.contains(each.first); }))
    here_->tell_gap();
  std::erase_if(epochs_, [&](const auto& each) { return !routes_.contains(each.first); });
}

/// A route is kept as long as it is one.
topic_desk::routes topic_desk::find_routes(const uplink_map& uplinks) const {
  routes out;
  for (const auto& [through, peers] : uplinks)
    for (const auto& each : peers) {
      if (each.id == own_id_)
        continue;
      const auto old = routes_.find(each.id);
      if (old != routes_.end() && old->second == through)
        out.insert_or_assign(each.id, through);
      else
        out.try_emplace(each.id, through);
    }
  return out;
}

void topic_desk::tell_gap(const routes& by, const caf::strong_actor_ptr& self) {
  std::map<caf::strong_actor_ptr, topic_message> out;
  for (const auto& [id, route] : by)
    out[route].to.push_back(id);
  if (!out.empty())
    ++epoch_;
  for (auto& [through, gap] : out) {
    gap.epoch = epoch_;
    detail::deliver(through, self, std::move(gap));
  }
}

void topic_desk::tell_interest(const caf::strong_actor_ptr& to, const caf::strong_actor_ptr& self) const {
  topic_interest some;
  for (const auto& [topic, loops] : demand_) {
    some.begun.push_back(topic);
    if (some.begun.size() == topics_at_once)
      detail::deliver(to, self, std::exchange(some, {}));
  }
  if (!some.begun.empty())
    detail::deliver(to, self, std::move(some));
}

void topic_desk::on_demand(topic_demand& what, const caf::strong_actor_ptr& self) {
  auto& loops = demand_[what.topic];
  loops = what.begins ? loops + 1 : loops - 1;
  const bool changed = what.begins ? loops == 1 : loops == 0;
  topic_interest news;
  (what.begins ? news.begun : news.ended).push_back(what.topic);
  if (loops == 0)
    demand_.erase(what.topic);
  if (changed)
    for (const auto& [through, by] : uplinks_)
      detail::deliver(through, self, topic_interest{news});
}

// -- out ------------------------------------------------------------------------------------------------

void topic_desk::on_publication(topic_publication& what, const caf::strong_actor_ptr& self) {
  if (here_->on_taken(what.text->size()))
    tell_gap(routes_, self);
  for (auto& [through, by] : uplinks_) {
    if (by.nodes.empty())
      continue;
    if (const auto missed = by.out.admit(what.topic, *what.text))
      detail::deliver(through, self, topic_message{by.nodes, 0, epoch_, what.topic, *what.text, *missed});
  }
}

void topic_desk::on_credit(const caf::strong_actor_ptr& from, topic_credit what, const caf::strong_actor_ptr& self) {
  const auto found = uplinks_.find(from);
  if (found == uplinks_.end())
    return;
  for (auto& each : found->second.out.on_credit(what)) {
    each.to = found->second.nodes;
    each.epoch = epoch_;
    detail::deliver(from, self, std::move(each));
  }
}

// -- in -------------------------------------------------------------------------------------------------

void topic_desk::on_message(const caf::strong_actor_ptr& from, topic_message& what,
                            const caf::strong_actor_ptr& self) {
  const auto found = uplinks_.find(from);
  if (found == uplinks_.end())
    return;
  if (const auto credit = found->second.in.on_read(what))
    detail::deliver(from, self, topic_credit{*credit});
  if (what.from != 0) {
    auto& epoch = epochs_[what.from];
    if (what.epoch < epoch)
      return; // by an older way: what has come by the new one is newer
    epoch = what.topic.empty() ? what.epoch : epoch;
  }
  if (what.topic.empty())
    return here_->tell_gap();
  here_->bring(what.topic, what.text.empty() ? nullptr : std::make_shared<const std::string>(std::move(what.text)),
               what.missed);
}

} // namespace troupe
