#pragma once

#include "actors/cluster/view.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/near.hpp"
#include "gateway/detail/node_record.hpp"
#include "gateway/detail/router.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace troupe::gateway {

/// The nodes of the cluster as one event loop sees them, what it has to do with each, and which of them gets a
/// request. One thread.
class node_table {
public:
  using time_point = node_record::time_point;

  struct node {
    std::uint64_t id = 0;
    node_record record;
    const node_view* view = nullptr;  // null once it has left the view
    caf::strong_actor_ptr dispatcher; // for this loop, also after that; null for the own node
    /// The own node's workers, by service; null for those that are not on this loop.
    std::vector<detail::near_worker*> near;
    request_batch batch;
  };

  /// `loops`: that share what a node takes.
  node_table(const detail::event_loop& loop, unsigned loops, std::chrono::milliseconds slow_start);

  /// The agents of those that have left the view, each with its number.
  struct departed {
    std::uint64_t id = 0;
    caf::strong_actor_ptr agent;
  };
  std::vector<departed> update(std::shared_ptr<const cluster_view> view, time_point now);
  /// It has been lost. REQUIRES: no call is there.
  void forget(std::uint64_t id) { nodes_.erase(id); }
  void clear();

  /// Null before the first view.
  [[nodiscard]] const cluster_view* view() const noexcept { return view_.get(); }
  [[nodiscard]] const router& routes() const noexcept { return *router_; }
  [[nodiscard]] const std::unordered_map<std::uint64_t, std::unique_ptr<node>>& all() const noexcept {
    return nodes_;
  }

  /// Where a request goes: of the own node and two others, by chance, to the one that it costs least, the own node
  /// when it is the same. Those that have failed too often, or have no room, are left out. Where there is no own
  /// node, a request goes along with the last one that has not left yet, while the node's work is short enough.
  struct choice {
    node* to = nullptr; // null: nobody has the route, or nobody has room
    const route_candidate* candidate = nullptr;
  };
  [[nodiscard]] choice choose(const route_entry& entry, std::uint64_t except, time_point now);
  /// The same, but where the route is sticky and the request has what it is sticky by: to the node that this belongs to, of
  /// those that are in use and have room. All loops, and all gateways, find the same one.
  [[nodiscard]] choice choose(const route_entry& entry, const request& what, std::uint64_t except, time_point now);

private:
  class search;

  std::uint64_t chance() noexcept;
  [[nodiscard]] choice go_along(const route_entry& entry, std::uint64_t except, time_point now) const;
  [[nodiscard]] choice owner_of(std::uint64_t hash, const route_entry& entry, std::uint64_t except,
                                time_point now, bool though_they_fail) const;

  const detail::event_loop& loop_;
  unsigned loops_;
  std::chrono::milliseconds slow_start_;
  std::shared_ptr<const cluster_view> view_;
  std::optional<router> router_;
  std::unordered_map<std::uint64_t, std::unique_ptr<node>> nodes_;
  std::vector<node*> by_place_; // as in view_
  std::uint64_t chance_;
  std::size_t last_place_ = 0; // that was chosen
};

} // namespace troupe::gateway
