#pragma once

#include "actors/detail/keyed_directory.hpp"
#include "actors/detail/moved_error.hpp"
#include "actors/task.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::detail {

/// Where the actor of a key is, asked again and again while it moves.
class keyed_search {
public:
  keyed_search(host& from, std::shared_ptr<const keyed_kind> kind, std::string key)
    : from_(from), kind_(std::move(kind)), key_(std::move(key)) {}

  /// True: on this node. At first at once, then after a pause; error{unavailable} when it takes too long.
  task<bool> next();

  /// Asks the node that was found: the answer as JSON. Throws moved_error, what the actor threw, or error{node_lost}.
  task<std::string> ask(std::string_view type, std::string message);

  [[nodiscard]] const std::shared_ptr<const keyed_kind>& kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& key() const noexcept { return key_; }

private:
  host& from_;
  std::shared_ptr<const keyed_kind> kind_;
  std::string key_;
  std::uint64_t node_ = 0;
  std::chrono::milliseconds pause_{0};
  std::chrono::steady_clock::time_point until_{};
};

/// Sends a message to an actor of the whole cluster that is on another node; nobody waits for an answer. False: it is on
/// this one. A key that is nowhere at present gets nothing, with a line in the log.
bool tell_elsewhere(host& from, const std::shared_ptr<const keyed_kind>& kind, const std::string& key,
                    std::string_view type, std::string (*message)(const void*), const void* of);

} // namespace troupe::detail
