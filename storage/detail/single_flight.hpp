#pragma once

#include "actors/messages/call.hpp"

#include <caf/actor_control_block.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::storage {

/// Reads whose results are shared: who waits for which. One thread.
class single_flight {
public:
  struct waiter {
    caf::strong_actor_ptr requester;
    call_id call;
  };

  /// Waits for the result of this statement. The number of a new flight, whose statement is to be sent; none:
  /// one that is under way will do.
  [[nodiscard]] std::optional<std::uint64_t> join(const sql_statement& what, waiter who);

  /// It has come back: for these.
  [[nodiscard]] std::vector<waiter> land(std::uint64_t flight);

  struct departure {
    bool was_here = false;
    std::optional<std::uint64_t> empty; ///< a flight that nobody waits for any more; it is over
  };
  /// Does not wait any more.
  [[nodiscard]] departure leave(const waiter& who);

  [[nodiscard]] bool empty() const noexcept { return flights_.empty(); }

private:
  using place = std::pair<const caf::actor_control_block*, std::uint64_t>;

  static place place_of(const waiter& who) { return {who.requester.get(), who.call.value}; }

  struct flight {
    std::string key;
    std::vector<waiter> waiting;
  };

  std::unordered_map<std::string, std::uint64_t> by_key_;
  std::unordered_map<std::uint64_t, flight> flights_;
  std::map<place, std::uint64_t> by_waiter_;
  std::uint64_t begun_ = 0;
};

} // namespace troupe::storage
