#pragma once

#include "tests/support/deadline.hpp"
#include "tests/support/node.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// One service of one node, as GET /_troupe/nodes lists it.
struct listed_service {
  std::string name;
  bool singleton = false;
  std::vector<std::string> routes;
};

/// One node, as GET /_troupe/nodes of the admin listener lists it.
struct listed_node {
  std::string name;
  bool local = false;
  std::int64_t capacity = 0;
  std::int64_t outstanding = 0;
  std::int64_t answered = 0;
  std::vector<listed_service> services;

  /// Null when the node does not have it.
  [[nodiscard]] const listed_service* service(const std::string& name) const;
};

/// Asks the gateway's admin listener; throws when the answer is not what it must be.
std::vector<listed_node> nodes_of(const gateway& where);

/// The node of that name, if the gateway lists it.
std::optional<listed_node> find_node(const gateway& where, const std::string& name);

/// Waits until the gateway lists all of these worker nodes.
bool wait_for_nodes(const gateway& where, const std::vector<std::string>& names,
                    milliseconds limit = soon);

/// Waits until the gateway does not list the node.
bool wait_until_gone(const gateway& where, const std::string& name, milliseconds limit = soon);

/// Requests that are under way at all nodes together.
std::int64_t outstanding(const gateway& where);

} // namespace troupe::test
