#include "actors/cluster/topic_relay.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace troupe {

namespace {

/// Of one node: a bound on what it can have a gateway keep.
constexpr std::size_t most_topics = 1'000'000;

} // namespace

void topic_relay::add(std::uint64_t node, caf::strong_actor_ptr agent) {
  members_[std::move(agent)].node = node;
}

void topic_relay::remove(const caf::strong_actor_ptr& agent) {
  members_.erase(agent);
}

void topic_relay::on_interest(const caf::strong_actor_ptr& from, topic_interest& what,
                              const caf::strong_actor_ptr& self) {
  const auto found = members_.find(from);
  if (found == members_.end())
    return;
  auto& [node, topics, has_too_many, out, in] = found->second;
  for (const auto& each : what.ended)
    topics.erase(each);
  for (const auto& each : what.begun) {
    if (each.empty() || each.size() > longest_topic_name)
      continue;
    if (topics.size() < most_topics)
      topics.insert(each);
    else if (!std::exchange(has_too_many, true))
      spdlog::error("a node listens to more than {} topics: it does not get what is published on the others",
                    most_topics);
  }
  if (what.begun.empty())
    return;
  topic_message gap; // what was published before has not been sent there
  if (what.begun.size() == 1)
    gap.topic = std::move(what.begun.front());
  detail::deliver(from, self, std::move(gap));
}

void topic_relay::on_message(const caf::strong_actor_ptr& from, topic_message& what,
                             const caf::strong_actor_ptr& self) {
  const auto sender = members_.find(from);
  if (sender == members_.end())
    return;
  if (what.topic.empty())
    what.text.clear();
  if (const auto credit = sender->second.in.on_read(what))
    detail::deliver(from, self, topic_credit{*credit});
  what.from = sender->second.node;
  auto to = std::exchange(what.to, {});
  std::sort(to.begin(), to.end()); // it may be for all members
  for (auto& [agent, each] : members_)
    if (std::binary_search(to.begin(), to.end(), each.node))
      pass_on(agent, each, what, self);
}

void topic_relay::pass_on(const caf::strong_actor_ptr& agent, member& to, const topic_message& what,
                          const caf::strong_actor_ptr& self) {
  if (!what.topic.empty() && !to.topics.contains(what.topic))
    return;
  const auto missed = what.text.empty() ? std::optional{what.missed}
                                           : to.out.admit(what.topic, what.text, what.missed);
  if (!missed)
    return;
  auto copy = what;
  copy.missed = *missed;
  detail::deliver(agent, self, std::move(copy));
}

void topic_relay::on_credit(const caf::strong_actor_ptr& from, topic_credit what, const caf::strong_actor_ptr& self) {
  const auto found = members_.find(from);
  if (found == members_.end())
    return;
  for (auto& each : found->second.out.on_credit(what))
    detail::deliver(from, self, std::move(each));
}

} // namespace troupe
