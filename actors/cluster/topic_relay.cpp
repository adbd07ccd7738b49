#include "actors/cluster/topic_relay.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

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
  auto& topics = found->second.topics;
  for (const auto& each : what.ended)
    topics.erase(each);
  for (const auto& each : what.begun) {
    if (topics.size() == most_topics)
      return spdlog::error("a node listens to more than {} topics: it does not get what is published on the others",
                           most_topics);
    topics.insert(each);
  }
  if (!what.begun.empty()) // what was published before has not been sent there
    detail::deliver(from, self, topic_message{{}, what.begun.size() == 1 ? what.begun.front() : "", {}, 0});
}

void topic_relay::on_message(const caf::strong_actor_ptr& from, topic_message& what,
                             const caf::strong_actor_ptr& self) {
  const auto sender = members_.find(from);
  if (sender == members_.end())
    return;
  if (const auto credit = sender->second.in.on_read(what))
    detail::deliver(from, self, topic_credit{*credit});
  const auto to = std::exchange(what.to, {});
  for (auto& [agent, each] : members_)
    if (std::find(to.begin(), to.end(), each.node) != to.end())
      publish(agent, each, what, self);
}

void topic_relay::publish(const caf::strong_actor_ptr& agent, member& to, const topic_message& what,
                          const caf::strong_actor_ptr& self) {
  const bool of_all_topics = what.topic.empty();
  if (!of_all_topics && !to.topics.contains(what.topic))
    return;
  auto copy = what;
  if (of_all_topics || to.out.admit(copy))
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
