#pragma once

#include "actors/cluster/view.hpp"
#include "actors/messages/request.hpp"
#include "gateway/detail/route_tree.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::gateway {

class route_load;

/// One place where a route is answered.
struct route_candidate {
  std::size_t node = 0;    // in the view
  std::size_t service = 0; // in the node's services
  std::uint32_t route = 0; // in the service's routes
  /// As this node's pattern calls them: nodes of different versions may differ.
  std::vector<std::string> parameter_names;
};

/// A route of the cluster: a method and pattern with all nodes that answer it.
struct route_entry {
  std::string service;
  std::string name; // "GET /users/{id}"
  bool singleton = false;
  /// What all of its nodes can do.
  route_kind kind = route_kind::whole;
  std::uint64_t max_body = 0; // 0: as the setting says
  bool idempotent = false;    // all of its nodes say so
  stickiness sticky{};        // as all of its nodes have it
  std::chrono::milliseconds hedge_after{0}; // 0: not all of its nodes want it
  std::vector<route_candidate> candidates; // none: its nodes have departed
  /// For who counts what is in work, on the loop of this router; not the router's own.
  mutable route_load* load = nullptr;
};

/// What the router says of a request.
struct route_match {
  /// Null: not found, unless `allowed` names other methods of the path.
  const route_entry* entry = nullptr;
  /// For 405 and OPTIONS: "GET, HEAD, OPTIONS", the methods of all routes that match the path;
  /// empty when there are none.
  std::string allowed;
  /// Not valid percent-encoding, a NUL in the path, or ".." above its root.
  bool malformed = false;
  /// Places of the tree of patterns that were looked at: what the search has cost.
  std::uint32_t steps = 0;
};

/// Finds the route of a request in a view of the cluster: the most specific one that has the method.
/// Segments are split first, then decoded, once: "%2F" is a character of a segment. "." and ".." are
/// taken out as RFC 3986 says, also as "%2e". Immutable once made.
///
/// A search goes down the tree of patterns, segment by segment: it costs what the request's own
/// segments cost, however many routes there are. Where a literal leads nowhere it goes back to a
/// parameter. As one way only leads to each place, it looks at none twice: at no more of them,
/// whatever the path, than the patterns have segments.
class router {
public:
  explicit router(const cluster_view& view);

  /// Fills `what.parameters` with the values when it finds a route; their names are the
  /// candidate's. HEAD falls back to GET.
  [[nodiscard]] route_match find(request& what) const;

private:
  struct text_hash {
    using is_transparent = void;
    // Not noexcept: then the table keeps the hashes, and compares few texts.
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  class walk;

  void add(const cluster_view& view, std::size_t node_index);
  route_entry* insert(const service_announcement& service, const route_announcement& route);
  [[nodiscard]] const route_entry* answer(route_tree::place at, http_method method) const noexcept;

  route_tree tree_;
  std::deque<route_entry> entries_; // the tree's number - 1
  /// The places of patterns without parameters, by path: most requests need no walk.
  std::unordered_map<std::string, route_tree::place, text_hash, std::equal_to<>> literal_paths_;
};

} // namespace troupe::gateway
