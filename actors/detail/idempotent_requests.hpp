#pragma once

#include "actors/detail/idempotency_table.hpp"
#include "actors/messages/request.hpp"

#include <chrono>
#include <unordered_map>

namespace troupe::detail {

/// What a worker actor knows of its requests with keys.
struct idempotent_requests {
  bool table_seen = false;
  std::chrono::steady_clock::time_point next_sweep{};
  std::unordered_map<const request*, idempotency_claim*> in_work;
};

} // namespace troupe::detail
