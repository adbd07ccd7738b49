#pragma once

#include "tests/support/file_descriptor.hpp"

#include <cstdint>

namespace troupe::test {

/// A port of 127.0.0.1 on which nothing listens at this moment; for programs whose log does not
/// tell the port that they chose.
std::uint16_t free_port();

/// A socket that listens on a free port of 127.0.0.1, for so many connections that nobody has accepted.
struct loopback_listener {
  explicit loopback_listener(int backlog);

  file_descriptor socket;
  std::uint16_t port;
};

} // namespace troupe::test
