#pragma once

#include "actors/cluster/topic_lane.hpp"
#include "actors/detail/caf.hpp"
#include "actors/messages/peer.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

namespace detail {
class topic_registry;
}

/// Topics at a node, as far as other nodes are concerned: tells the gateways what is listened to here, sends out what is
/// published here, and gives the registry what comes in. Part of the peer_desk.
///
///     subscription          registry          desk               topic_relay, at a gateway
///       | -- first of its topic --> demand --> | -- topic_interest --> |   to every uplink
///     publish ----------------- publication --> | -- topic_message --> |   to one uplink for each node
///       | <-- text, missed ---- | <------------ | <-- topic_message -- |
///
/// Each node is reached through one uplink, its *route*. What was sent by another one before may be lost, or still
/// under way, and so may be lost what was published before there was any: whenever a node gets a route, it is told that
/// it may have missed something, and takes nothing more that was sent before. When a node goes, the others tell their
/// listeners so themselves.
class topic_desk {
public:
  using uplink_map = std::map<caf::strong_actor_ptr, std::vector<peer>>;

  topic_desk(std::uint64_t own_id, std::shared_ptr<detail::topic_registry> here);

  // `self`: the desk's actor, as the sender of what goes out.
  void set_uplinks(const uplink_map& uplinks, const caf::strong_actor_ptr& self);
  void on_demand(topic_demand& what, const caf::strong_actor_ptr& self);
  void on_publication(topic_publication& what, const caf::strong_actor_ptr& self);
  void on_message(const caf::strong_actor_ptr& from, topic_message& what, const caf::strong_actor_ptr& self);
  void on_credit(const caf::strong_actor_ptr& from, topic_credit what, const caf::strong_actor_ptr& self);
  /// The node ends.
  void clear() {
    uplinks_.clear();
    routes_.clear();
  }

private:
  using routes = std::map<std::uint64_t, caf::strong_actor_ptr>;

  struct uplink {
    std::vector<std::uint64_t> nodes; // whose route it is
    topic_lane out;
    topic_reader in;
  };

  [[nodiscard]] routes find_routes(const uplink_map& uplinks) const;
  void tell_gap(const routes& by, const caf::strong_actor_ptr& self);
  void tell_interest(const caf::strong_actor_ptr& to, const caf::strong_actor_ptr& self) const;

  std::uint64_t own_id_;
  std::shared_ptr<detail::topic_registry> here_;
  std::map<caf::strong_actor_ptr, uplink> uplinks_;
  routes routes_;
  std::uint32_t epoch_ = 0;
  std::map<std::uint64_t, std::uint32_t> epochs_; // of the others, below which nothing is taken
  std::unordered_map<std::string, unsigned> demand_; // event loops that listen, by topic
};

} // namespace troupe
