#pragma once

#include "actors/messages/response.hpp"
#include "actors/messages/sql.hpp"

#include <cstdint>

namespace troupe::gateway {

/// The HTTP status that stands for a failure. The only place that translates errc into HTTP.
std::uint16_t status_of(errc code) noexcept;

/// An application/problem+json answer (RFC 9457) with the request's id; 429 and 503 carry Retry-After, in
/// seconds, unless it is not known whether the request was carried out.
response problem(const failure& what, std::uint64_t request_id, unsigned retry_after = 1);

} // namespace troupe::gateway
