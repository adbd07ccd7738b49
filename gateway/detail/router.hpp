#pragma once

#include "actors/cluster/view.hpp"
#include "actors/messages/request.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
  std::vector<route_candidate> candidates; // none: its nodes have departed
  /// For who counts what is in work, on the loop of this router; not the router's own.
  mutable route_load* load = nullptr;
};

/// What the router says of a request.
struct route_match {
  /// Null: not found, unless `allowed` names other methods of the path.
  const route_entry* entry = nullptr;
  /// For 405 and OPTIONS: "GET, HEAD, OPTIONS"; empty when the path is unknown.
  std::string allowed;
  /// Not valid percent-encoding, or a NUL in the path.
  bool malformed = false;
};

/// Finds the route of a request in a view of the cluster. Literal segments win over parameters.
/// Immutable once made.
class router {
public:
  explicit router(const cluster_view& view);

  /// Fills `what.parameters` with the values when it finds a route; their names are the
  /// candidate's. HEAD falls back to GET.
  [[nodiscard]] route_match find(request& what) const;

private:
  struct tree_node {
    std::map<std::string, std::unique_ptr<tree_node>, std::less<>> literals;
    std::unique_ptr<tree_node> parameter;
    std::array<std::unique_ptr<route_entry>, http_method_count> routes;

    [[nodiscard]] bool has_routes() const noexcept;
  };

  struct walk;

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  route_entry* insert(const service_announcement& service, const route_announcement& route);
  void add(const cluster_view& view, std::size_t node_index);
  static const tree_node* descend(const tree_node& from, walk& state, std::size_t depth);

  const tree_node* locate(const request& what, walk& state, bool& malformed) const;

  tree_node root_;
  /// The nodes of patterns without parameters, by path: most requests need no walk.
  std::unordered_map<std::string, const tree_node*, text_hash, std::equal_to<>> literal_paths_;
};

} // namespace troupe::gateway
