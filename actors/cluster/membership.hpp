#pragma once

#include "actors/cluster/topic_relay.hpp"
#include "actors/cluster/view.hpp"
#include "actors/detail/caf.hpp"

#include <caf/behavior.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// Message to membership: send every view to `gateway` from now on, the present one at once.
struct subscribe {
  caf::strong_actor_ptr gateway;
};

/// Message to membership, with a `call_id` before it: answered by `local_reply` with a
/// `std::shared_ptr<const cluster_view>`.
struct view_query {};

/// Message to membership, with a `call_id` before it: have the worker nodes of this name leave, once their
/// work is done. Answered by `local_reply` with a `drain_answer`.
struct drain_node {
  std::string name;
};

struct drain_answer {
  std::size_t asked = 0; ///< nodes of that name; 0: there is none
};

/// Message to membership: where this gateway can be joined, to be told to others, and its gateway_links, which join
/// those that have joined it.
struct advertise {
  std::string address;
  caf::strong_actor_ptr links;
};

/// Keeps the list of nodes on a gateway node: takes `hello`, `join_request` and `leave_request` from
/// worker nodes, notices when one is lost, and tells each gateway loop.
///
///     worker                         membership
///       | -- hello{protocol, name} ---> |  refusal, or
///       | <------------- welcome ------ |
///       | -- join_request{...} -------> |  refusal (route conflict), or in the view
///       | -- leave_request -----------> |  out of the view; its answers still arrive
///       x  (connection lost)            |  out of the view; `node_gone` to the loops
class membership : public detail::exposed_actor {
public:
  /// `local` is the gateway's own node, if it has workers; `desk` its peer_desk, if it has one.
  membership(caf::actor_config& config, detail::event_loop& loop, std::string gateway_name,
             std::optional<node_view> local, caf::strong_actor_ptr desk = nullptr);

  caf::behavior make_behavior() override;

private:
  struct member {
    node_view view;
    bool leaving = false;
  };

  void on_hello(const hello& what);
  void on_join(join_request& what);
  void on_leave();
  void on_lost(const caf::actor_addr& who);
  void on_gateway(gateway_request& what);
  void tell_gateways();
  void on_peer_message(peer_message& what);
  [[nodiscard]] drain_answer on_drain(const std::string& name);
  void publish();
  void tell_peers();
  [[nodiscard]] std::shared_ptr<const cluster_view> view() const;
  void refuse(const std::string& node, const std::string& reason);
  /// Why the node cannot join beside the present ones; empty when it can.
  [[nodiscard]] std::string conflict(const join_request& what) const;
  void remember_departed(const node_view& gone);

  std::string gateway_name_;
  std::optional<node_view> local_;
  caf::strong_actor_ptr desk_;
  std::string address_; // empty: nobody is told
  caf::strong_actor_ptr links_;
  /// Gateways that have joined this one, and where nodes join them.
  std::map<caf::actor_addr, std::pair<caf::strong_actor_ptr, std::string>> gateways_;
  std::map<caf::actor_addr, member> members_;
  topic_relay topics_; // of the members and of this node
  std::map<caf::actor_addr, std::string> greeted_; // said hello, has not joined yet
  std::vector<service_announcement> departed_;
  std::vector<caf::strong_actor_ptr> subscribers_;
  std::uint64_t last_id_ = 1;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::advertise)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::subscribe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::view_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::drain_node)
