#pragma once

#include "actors/task.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {
class context;
}

namespace troupe::detail {

class keyed_kind;

/// What this program can do for other nodes: the kinds of keyed actors of the whole cluster, and the messages that they
/// take. Filled before the node starts, by static initialisation and by what main makes; then read only.
class keyed_registry {
public:
  /// Gives the message, as JSON, to the actor of the key on this node; its answer as JSON.
  using serve = task<std::string> (*)(context& ctx, std::shared_ptr<const keyed_kind> kind, std::string key,
                                      std::string message);

  static keyed_registry& of_program();

  void add(std::shared_ptr<const keyed_kind> kind);
  /// `state`: as keyed_kind::type.
  void add(const void* state, std::string_view message, serve how);

  /// Null: there is none of this name.
  [[nodiscard]] std::shared_ptr<const keyed_kind> kind(const std::string& name) const;
  [[nodiscard]] serve find(const void* state, const std::string& message) const;
  [[nodiscard]] std::vector<std::string> kinds() const;

private:
  std::map<std::string, std::shared_ptr<const keyed_kind>> kinds_;
  std::map<std::pair<const void*, std::string>, serve> messages_;
};

} // namespace troupe::detail
