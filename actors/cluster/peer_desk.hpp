#pragma once

#include "actors/cluster/dispatcher.hpp"
#include "actors/cluster/topic_desk.hpp"
#include "actors/detail/coroutine_actor.hpp"
#include "actors/detail/peer_view.hpp"
#include "actors/messages/cluster.hpp"

#include <caf/behavior.hpp>

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

/// Message to the desk, of this node: send this to the actor of a key on another one. With a `call_id` before it,
/// answered by a `failure` or by `local_reply` with a `peer_answer`; without one nobody waits.
struct peer_ask {
  std::uint64_t node = 0;
  std::string kind;
  std::string key;
  std::string type;
  std::string message;
};

struct peer_answer {
  bool moved = false; // nothing has happened: the key is another node's by now
  std::string text;
};

/// Message to the desk, from a link: its gateway does not bring anything any more.
struct uplink_lost {};

/// What a node has to do with others beside requests: its keyed actors with those of theirs, its topics, and its share of
/// the databases' connections. One for each node. Its *uplinks* are its links to
/// gateways, and at a gateway membership: they bring lists of nodes and messages, and take messages. Answers `drain` as a dispatcher
/// does.
class peer_desk final : public detail::coroutine_actor {
public:
  /// `own_id`: the node's own, as the others know it.
  peer_desk(caf::actor_config& config, detail::event_loop& loop, detail::node_services_ptr node, std::uint64_t own_id);

  caf::behavior make_behavior() override;
  std::string host_name() const override { return "peer desk"; }
  detail::actor_view view() const override { return {}; }
  void child_lost(const std::string&) override {}

protected:
  void drop_work() override;

private:
  struct pending {
    caf::strong_actor_ptr asker;
    call_id call;
    std::uint64_t node = 0;
    caf::strong_actor_ptr through;
  };

  [[nodiscard]] caf::strong_actor_ptr own_address() { return caf::strong_actor_ptr{ctrl()}; }
  void on_list(peer_list& what);
  void on_uplink_lost();
  void renew_view();
  void share_databases();
  void send_out(call_id call, bool answered, peer_ask& what);
  void on_message(peer_message& what);
  void on_answer(peer_message& what);
  void report_drained();
  void pass_on(peer_message&& what);
  static void tell_lost(const std::string& kind, const std::string& key);
  task<> serve(peer_message what, caf::strong_actor_ptr through);
  [[nodiscard]] caf::strong_actor_ptr uplink_to(std::uint64_t node) const;
  template <class Lost>
  void fail_pending(Lost is_lost);

  std::uint64_t own_id_;
  topic_desk::uplink_map uplinks_;
  topic_desk topics_;
  std::shared_ptr<const detail::peer_view> view_;
  std::unordered_map<std::uint64_t, pending> pending_;
  std::uint64_t last_call_ = 0;
  std::size_t serving_ = 0;
  std::vector<caf::strong_actor_ptr> waiting_for_drain_;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::peer_ask)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::uplink_lost)
