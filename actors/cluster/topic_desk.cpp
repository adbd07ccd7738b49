#include "actors/cluster/topic_desk.hpp"

#include "actors/detail/topic_registry.hpp"

#include <algorithm>

namespace troupe {

namespace {

/// In one message.
constexpr std::size_t topics_at_once = 10'000;

bool is_among(const std::vector<std::uint64_t>& nodes, std::uint64_t id) {
  return std::find(nodes.begin(), nodes.end(), id) != nodes.end();
}

} // namespace

topic_desk::topic_desk(std::uint64_t own_id, std::shared_ptr<detail::topic_registry> here)
  : own_id_(own_id), here_(std::move(here)) {}

// -- who is there -------------------------------------------------------------------------------------

void topic_desk::set_uplinks(const uplink_map& uplinks, const caf::strong_actor_ptr& self) {
  std::erase_if(uplinks_, [&](const auto& each) { return !uplinks.contains(each.first); });
  for (const auto& [through, peers] : uplinks)
    if (uplinks_.try_emplace(through).second)
      tell_interest(through, self);
  std::map<std::uint64_t, caf::strong_actor_ptr> routes;
  const auto is_there = [](const std::vector<peer>& peers, std::uint64_t id) {
    return std::any_of(peers.begin(), peers.end(), [&](const peer& each) { return each.id == id; });
  };
  for (const auto& [through, by] : uplinks_) // a route is kept as long as it is one
    for (const auto id : by.nodes)
      if (is_there(uplinks.at(through), id))
        routes.emplace(id, through);
  for (const auto& [through, peers] : uplinks)
    for (const auto& each : peers)
      if (each.id != own_id_)
        routes.try_emplace(each.id, through);
  for (auto& [through, by] : uplinks_) {
    const auto before = std::exchange(by.nodes, {});
    topic_message gap;
    for (const auto& [id, route] : routes) {
      if (route != through)
        continue;
      by.nodes.push_back(id);
      if (!is_among(before, id))
        gap.to.push_back(id);
    }
    if (!gap.to.empty())
      detail::deliver(through, self, std::move(gap));
  }
  here_->set_alone(routes.empty());
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
  for (auto& [through, by] : uplinks_)
    if (!by.nodes.empty())
      send(through, by, {{}, what.topic, *what.text, 0}, self);
}

void topic_desk::on_credit(const caf::strong_actor_ptr& from, topic_credit what, const caf::strong_actor_ptr& self) {
  const auto found = uplinks_.find(from);
  if (found == uplinks_.end())
    return;
  for (auto& each : found->second.out.on_credit(what)) {
    each.to = found->second.nodes;
    detail::deliver(from, self, std::move(each));
  }
}

void topic_desk::send(const caf::strong_actor_ptr& through, uplink& by, topic_message what,
                      const caf::strong_actor_ptr& self) {
  if (!by.out.admit(what))
    return;
  what.to = by.nodes;
  detail::deliver(through, self, std::move(what));
}

// -- in -------------------------------------------------------------------------------------------------

void topic_desk::on_message(const caf::strong_actor_ptr& from, topic_message& what,
                            const caf::strong_actor_ptr& self) {
  const auto found = uplinks_.find(from);
  if (found == uplinks_.end())
    return;
  if (what.topic.empty())
    return here_->tell_gap();
  if (const auto credit = found->second.in.on_read(what))
    detail::deliver(from, self, topic_credit{*credit});
  here_->bring(what.topic, what.text.empty() ? nullptr : std::make_shared<const std::string>(std::move(what.text)),
               what.missed);
}

} // namespace troupe
