#pragma once

#include "actors/cluster/gateway_link.hpp"
#include "actors/detail/caf.hpp"
#include "config/endpoint.hpp"

#include <caf/behavior.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe {

/// Message to the links: leave all gateways, let the work end, then call `done` (on their loop).
struct leave_all {
  std::function<void()> done;
};

/// Message to the links, with a `call_id` before it: answered by `local_reply` with a
/// `std::vector<caf::strong_actor_ptr>`, a gateway_link for each gateway.
struct links_query {};

/// The links of a node to gateways: to those that it was told to join, and to those that they tell of. One address is
/// enough to find all gateways of a cluster. A gateway that was told of is forgotten when it cannot be reached for a
/// minute; who still knows it tells of it again.
class gateway_links : public detail::exposed_actor {
public:
  /// `own_address`: of a gateway node, which it does not join; empty: it is none. `own` has the node end what is made.
  gateway_links(caf::actor_config& config, detail::event_loop& loop, const std::vector<config::endpoint>& first,
                gateway_link::options how, std::string own_address, std::function<void(const caf::actor&)> own);

  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  void join(const config::endpoint& where, bool was_told);
  void on_list(const gateway_list& what);
  void on_given_up();
  void on_leave(const leave_all& what);

  std::vector<config::endpoint> first_;
  gateway_link::options how_;
  std::string own_address_;
  std::function<void(const caf::actor&)> own_;
  std::map<std::string, caf::actor> links_; // by address
  bool leaving_ = false;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::leave_all)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::links_query)
