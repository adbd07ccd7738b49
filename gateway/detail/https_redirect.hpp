#pragma once

#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"

#include <cstdint>

namespace troupe::gateway {

/// The answer to a request over plain HTTP: the same over HTTPS, on the same host and this port. A
/// request that names no host gets 400.
response redirect_to_https(const request& what, std::uint16_t port);

} // namespace troupe::gateway
