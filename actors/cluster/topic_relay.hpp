#pragma once

#include "actors/cluster/topic_lane.hpp"
#include "actors/detail/caf.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>

namespace troupe {

/// Topics at a gateway: which of its nodes listen to which, and what is published for them. Part of membership, whose
/// nodes these are.
class topic_relay {
public:
  /// `agent`: takes what is for the node, and sends what is from it.
  void add(std::uint64_t node, caf::strong_actor_ptr agent);
  void remove(const caf::strong_actor_ptr& agent);

  // From an agent; from others they are left out. `self`: the sender of what goes out.
  void on_interest(const caf::strong_actor_ptr& from, topic_interest& what, const caf::strong_actor_ptr& self);
  void on_message(const caf::strong_actor_ptr& from, topic_message& what, const caf::strong_actor_ptr& self);
  void on_credit(const caf::strong_actor_ptr& from, topic_credit what, const caf::strong_actor_ptr& self);

private:
  struct member {
    std::uint64_t node = 0;
    std::unordered_set<std::string> topics;
    bool has_too_many = false; // has been told
    topic_lane out;
    topic_reader in;
  };

  static void pass_on(const caf::strong_actor_ptr& agent, member& to, const topic_message& what,
                      const caf::strong_actor_ptr& self);

  std::map<caf::strong_actor_ptr, member> members_; // by agent
};

} // namespace troupe
