#pragma once

#include "actors/handler.hpp"
#include "actors/route_options.hpp"

#include <chrono>
#include <string>

namespace troupe::detail {

inline constexpr std::chrono::hours longest_kept{24 * 3650};

/// The handler of a route with idempotency_key(): calls `action` for the first request with a key, and answers further
/// ones as that was answered.
[[nodiscard]] handler with_recorded_answers(std::string service, std::string route, idempotency_options how,
                                            handler action);

} // namespace troupe::detail
