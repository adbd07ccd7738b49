#include "actors/cluster/membership.hpp"

#include "actors/messages/local.hpp"
#include "actors/route_pattern.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

namespace troupe {

namespace {

std::size_t route_count(const std::vector<service_announcement>& services) {
  std::size_t count = 0;
  for (const auto& each : services)
    count += each.routes.size();
  return count;
}

bool serves(const node_view& node, const std::string& service) {
  return std::any_of(node.services.begin(), node.services.end(),
                     [&](const auto& each) { return each.name == service; });
}

std::string route_key(const route_announcement& route) {
  return std::string{to_string(route.method)} + " " + route_pattern{route.pattern}.shape();
}

/// A service and one of its routes.
struct announced_claim {
  const service_announcement* owner;
  const route_announcement* route;
};

std::string in_words(const announced_claim& each) {
  return std::string{to_string(each.route->method)} + " " + each.route->pattern + " of service \""
         + each.owner->name + "\"";
}

/// What a node that wants to join announces, by method and shape. Throws std::invalid_argument for
/// what cannot be served.
std::unordered_map<std::string, announced_claim>
claims_of(const std::vector<service_announcement>& services) {
  std::unordered_map<std::string, announced_claim> out;
  for (const auto& each : services)
    for (const auto& route : each.routes) {
      if (static_cast<std::size_t>(route.method) >= http_method_count)
        throw std::invalid_argument("route " + route.pattern
                                    + " has a method that this gateway does not know");
      const announced_claim made{&each, &route};
      const auto [known, is_first] = out.emplace(route_key(route), made);
      if (!is_first && known->second.owner != &each)
        throw std::invalid_argument("route " + in_words(known->second) + " and " + in_words(made)
                                    + " match the same requests");
    }
  return out;
}

/// What of `services` and their `claims` contradicts `present`, a node; empty if nothing.
std::string conflict_with(const node_view& present,
                          const std::vector<service_announcement>& services,
                          const std::unordered_map<std::string, announced_claim>& claims) {
  for (const auto& ours : present.services) {
    for (const auto& theirs : services)
      if (ours.name == theirs.name && ours.singleton != theirs.singleton)
        return "service \"" + theirs.name + "\" is " + (ours.singleton ? "" : "not ")
               + "a singleton on node " + present.name;
    for (const auto& taken : ours.routes)
      if (const auto found = claims.find(route_key(taken));
          found != claims.end() && found->second.owner->name != ours.name)
        return "route " + in_words(found->second) + " is served by service \"" + ours.name
               + "\" of node " + present.name;
  }
  return {};
}

} // namespace

membership::membership(caf::actor_config& config, detail::event_loop& loop,
                       std::string gateway_name, std::optional<node_view> local, caf::strong_actor_ptr desk)
  : detail::exposed_actor(config, loop), gateway_name_(std::move(gateway_name)),
    local_(std::move(local)), desk_(std::move(desk)) {
  if (local_) {
    local_->id = 1;
    topics_.add(local_->node_id, desk_);
  }
  set_down_handler([this](const caf::down_msg& down) { on_lost(down.source); });
}

caf::behavior membership::make_behavior() {
  tell_peers();
  return {
    [this](const hello& what) { on_hello(what); },
    [this](join_request& what) { on_join(what); },
    [this](call_id id, view_query) {
      detail::deliver(current_sender(), nullptr, id,
                      local_reply{std::make_shared<std::shared_ptr<const cluster_view>>(view())});
    },
    [this](call_id id, const drain_node& what) {
      detail::deliver(current_sender(), nullptr, id,
                      local_reply{std::make_shared<drain_answer>(on_drain(what.name))});
    },
    [this](const leave_request&) { on_leave(); },
    [this](const probe& what) {
      detail::deliver(current_sender(), caf::strong_actor_ptr{ctrl()}, probe{what});
    },
    [this](gateway_request& what) { on_gateway(what); },
    [this](const advertise& what) {
      address_ = what.address;
      links_ = what.links;
      tell_gateways();
    },
    [this](peer_message& what) { on_peer_message(what); },
    [this](topic_interest& what) { topics_.on_interest(current_sender(), what, caf::strong_actor_ptr{ctrl()}); },
    [this](topic_message& what) { topics_.on_message(current_sender(), what, caf::strong_actor_ptr{ctrl()}); },
    [this](topic_credit what) { topics_.on_credit(current_sender(), what, caf::strong_actor_ptr{ctrl()}); },
    [this](const subscribe& who) {
      subscribers_.push_back(who.gateway);
      detail::deliver(who.gateway, nullptr, view_changed{view()});
    },
  };
}

void membership::on_hello(const hello& what) {
  if (!current_sender())
    return;
  if (what.protocol < oldest_protocol) { // a newer one may speak this gateway's
    refuse(what.node, "it speaks cluster protocol " + std::to_string(what.protocol) + " (troupe "
                        + what.software + "), this gateway speaks "
                        + std::to_string(protocol_version));
    return;
  }
  auto who = caf::actor_cast<caf::actor_addr>(current_sender());
  if (greeted_.emplace(who, what.node).second && members_.count(who) == 0)
    monitor(who);
  detail::deliver(current_sender(), caf::strong_actor_ptr{ctrl()},
                  welcome{std::min(what.protocol, protocol_version), gateway_name_});
}

void membership::on_join(join_request& what) {
  if (!current_sender())
    return;
  auto who = caf::actor_cast<caf::actor_addr>(current_sender());
  const bool greeted = greeted_.erase(who) != 0;
  if (auto known = members_.find(who); known != members_.end()) {
    if (greeted && !known->second.leaving) // the answer to its first one came too late for it
      detail::deliver(current_sender(), caf::strong_actor_ptr{ctrl()},
                      welcome{protocol_version, gateway_name_});
    return;
  }
  if (!greeted)
    return; // out of turn
  if (auto reason = conflict(what); !reason.empty()) {
    demonitor(who);
    refuse(what.node, reason);
    return;
  }
  if (std::any_of(members_.begin(), members_.end(), [&](const auto& each) {
        return each.second.view.node_id == what.id && !each.second.leaving;
      })) {
    demonitor(who);
    refuse(what.node, "it has joined already, perhaps by another address of this gateway");
    return;
  }
  node_view made;
  made.id = ++last_id_;
  made.name = what.node;
  made.node_id = what.id;
  made.kinds = std::move(what.kinds);
  made.agent = current_sender();
  made.capacity = std::max<std::uint32_t>(1, what.capacity);
  made.max_in_work = std::max<std::uint32_t>(1, what.max_in_work);
  made.services = std::move(what.services);
  for (const auto& each : what.dispatchers)
    made.dispatchers.push_back(caf::actor_cast<caf::strong_actor_ptr>(each));
  for (const auto& [each, present] : members_)
    if (present.view.name == made.name && !present.leaving)
      spdlog::warn("another worker node of the name {} is joined already", made.name);
  spdlog::info("worker node {} joined: {} services, {} routes", made.name, made.services.size(),
               route_count(made.services));
  topics_.add(made.node_id, made.agent);
  members_.emplace(who, member{std::move(made), false});
  publish();
  detail::deliver(current_sender(), caf::strong_actor_ptr{ctrl()},
                  welcome{protocol_version, gateway_name_});
  tell_gateways();
}

void membership::on_leave() {
  auto found = members_.find(caf::actor_cast<caf::actor_addr>(current_sender()));
  if (found == members_.end() || found->second.leaving)
    return;
  found->second.leaving = true;
  spdlog::info("worker node {} left", found->second.view.name);
  remember_departed(found->second.view);
  publish();
  detail::deliver(current_sender(), caf::strong_actor_ptr{ctrl()},
                  leaving{static_cast<std::uint32_t>(subscribers_.size())});
}

drain_answer membership::on_drain(const std::string& name) {
  drain_answer out;
  for (const auto& [who, each] : members_) {
    if (each.view.name != name)
      continue;
    ++out.asked;
    detail::deliver(each.view.agent, caf::strong_actor_ptr{ctrl()}, stop_request{});
  }
  return out;
}

void membership::on_lost(const caf::actor_addr& who) {
  greeted_.erase(who);
  if (const auto gateway = gateways_.find(who); gateway != gateways_.end()) {
    spdlog::warn("gateway {} lost", gateway->second.second);
    gateways_.erase(gateway);
    tell_gateways();
    return;
  }
  auto found = members_.find(who);
  if (found == members_.end())
    return;
  auto gone = std::move(found->second);
  members_.erase(found);
  topics_.remove(gone.view.agent);
  if (!gone.leaving) {
    spdlog::warn("worker node {} lost", gone.view.name);
    remember_departed(gone.view);
  }
  publish();
  for (const auto& each : subscribers_)
    detail::deliver(each, nullptr, node_gone{gone.view.id});
}

void membership::publish() {
  auto now = view();
  for (const auto& each : subscribers_)
    detail::deliver(each, nullptr, view_changed{now});
  tell_peers();
}

// -- other gateways -----------------------------------------------------------------------------------

void membership::on_gateway(gateway_request& what) {
  if (!current_sender())
    return;
  const auto who = caf::actor_cast<caf::actor_addr>(current_sender());
  if (greeted_.erase(who) == 0)
    return; // out of turn
  detail::deliver(current_sender(), caf::strong_actor_ptr{ctrl()}, welcome{protocol_version, gateway_name_});
  if (!gateways_.contains(who))
    spdlog::info("gateway {} has joined, at {}", what.name, what.address);
  gateways_[who] = {current_sender(), std::move(what.address)};
  tell_gateways();
}

void membership::tell_gateways() {
  gateway_list all;
  if (!address_.empty())
    all.addresses.push_back(address_);
  for (const auto& [who, gateway] : gateways_)
    all.addresses.push_back(gateway.second);
  const caf::strong_actor_ptr self{ctrl()};
  detail::deliver(links_, self, gateway_list{all});
  for (const auto& [who, gateway] : gateways_)
    detail::deliver(gateway.first, self, gateway_list{all});
  for (const auto& [who, each] : members_)
    if (!each.leaving)
      detail::deliver(each.view.agent, self, gateway_list{all});
}

// -- keyed actors -------------------------------------------------------------------------------------

/// Those that leave, too, and are in the list until they have left: their keys are others' from now on, but they answer
/// what they have been asked.
void membership::tell_peers() {
  peer_list all;
  if (local_)
    all.peers.push_back({local_->node_id, local_->name, local_->kinds});
  for (const auto& [who, each] : members_)
    all.peers.push_back(
      {each.view.node_id, each.view.name, each.leaving ? std::vector<std::string>{} : each.view.kinds});
  for (const auto& [who, each] : members_)
    detail::deliver(each.view.agent, caf::strong_actor_ptr{ctrl()}, peer_list{all});
  detail::deliver(desk_, caf::strong_actor_ptr{ctrl()}, std::move(all));
}

/// Brings it from a node to another one.
void membership::on_peer_message(peer_message& what) {
  const auto from = members_.find(caf::actor_cast<caf::actor_addr>(current_sender()));
  const auto is_ours = current_sender() == desk_;
  if (!is_ours && (from == members_.end() || from->second.view.node_id != what.from))
    return;
  const caf::strong_actor_ptr self{ctrl()};
  const bool asks = what.what == peer_message::kind::ask;
  for (const auto& [who, each] : members_)
    if (each.view.node_id == what.to && !(asks && each.leaving))
      return detail::deliver(each.view.agent, self, std::move(what));
  if (local_ && local_->node_id == what.to && !is_ours)
    return detail::deliver(desk_, self, std::move(what));
  if (!asks)
    return;
  what.what = peer_message::kind::moved; // the view of who asks is older
  std::swap(what.from, what.to);
  detail::deliver(current_sender(), self, std::move(what));
}

std::shared_ptr<const cluster_view> membership::view() const {
  auto view = std::make_shared<cluster_view>();
  if (local_)
    view->nodes.push_back(*local_);
  for (const auto& [who, each] : members_)
    if (!each.leaving)
      view->nodes.push_back(each.view);
  std::sort(view->nodes.begin(), view->nodes.end(),
            [](const node_view& a, const node_view& b) { return a.id < b.id; });
  for (const auto& each : departed_)
    if (std::none_of(view->nodes.begin(), view->nodes.end(),
                     [&](const node_view& node) { return serves(node, each.name); }))
      view->departed.push_back(each);
  return view;
}

void membership::refuse(const std::string& node, const std::string& reason) {
  spdlog::warn("refused worker node {}: {}", node, reason);
  detail::deliver(current_sender(), caf::strong_actor_ptr{ctrl()}, refusal{reason});
}

std::string membership::conflict(const join_request& what) const {
  if (what.dispatchers.empty()
      || !std::all_of(what.dispatchers.begin(), what.dispatchers.end(),
                      [](const caf::actor& each) { return static_cast<bool>(each); }))
    return "it names no dispatcher";
  try {
    const auto claims = claims_of(what.services);
    if (local_)
      if (auto found = conflict_with(*local_, what.services, claims); !found.empty())
        return found;
    for (const auto& [who, each] : members_)
      if (auto found = conflict_with(each.view, what.services, claims); !found.empty())
        return found;
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return {};
}

void membership::remember_departed(const node_view& gone) {
  for (const auto& each : gone.services) {
    std::erase_if(departed_, [&](const auto& old) { return old.name == each.name; });
    departed_.push_back(each);
  }
}

} // namespace troupe
