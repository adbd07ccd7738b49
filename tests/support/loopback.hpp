#pragma once

#include "tests/support/file_descriptor.hpp"

#include <cstddef>
#include <cstdint>

namespace troupe::test {

/// A connection to a port of 127.0.0.1; none when it is refused.
file_descriptor connect_to_loopback(std::uint16_t port);

/// What is sent goes out at once (TCP_NODELAY).
void send_at_once(const file_descriptor& socket);

/// Waits for the receiver: there must never be so much on its way that both ends wait for this.
bool send_all(int to, const char* data, std::size_t size);

} // namespace troupe::test
