#pragma once

#include "actors/database.hpp"
#include "actors/messages/response.hpp"
#include "actors/task.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::detail {

/// A request's claim to be the first one with its key.
///
///     (no row) --- claim ---> in work --- record ---> answered --- its time is over ---> (no row)
///                    ^           |
///                    |           +--- release ---> (no row)
///                    +-----------+  the lease has passed, or the gateway sends the request again
///
/// What another one has taken over by then, with a token of its own, can neither be recorded nor released.
struct idempotency_claim {
  std::string service;
  std::string route;
  std::string owner;
  std::string key;
  std::string fingerprint;
  /// The gateway's own number of the request: one that it repeats, as its node is lost, has the same.
  std::uint64_t request = 0;
  std::chrono::milliseconds lease{0};
  std::chrono::steady_clock::time_point lease_end{}; // of the claim, by this node's clock
  std::chrono::seconds keep{0};
  std::int64_t token = 0;
  bool recorded = false;
};

/// The table troupe_idempotency. Times in it are those of the nodes' clocks, in milliseconds.
/// All may throw `error` as statements do.

/// Makes it if it is not there; throws nothing, as what follows tells.
task<void> make_idempotency_table(statements on);

/// None: the claim is made, and its token set. Else the recorded answer. Throws error{unprocessable} when the key came
/// with another request, error{conflict} when the first one is in work.
task<std::optional<response>> claim_or_find(statements on, idempotency_claim& claim);

/// False: another one has taken the claim over.
task<bool> record_answer(statements& on, idempotency_claim& claim, const response& answer);

/// The next request with the key is a first one. Does nothing to what has been recorded, or taken over.
task<void> release_claim(statements on, const idempotency_claim& claim);

/// Removes what has been kept long enough, so many rows at most; gives how many.
inline constexpr std::int64_t swept_at_once = 500;
task<std::int64_t> sweep_idempotency_table(statements on);

} // namespace troupe::detail
