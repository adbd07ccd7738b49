#pragma once

#include <cstdint>

namespace troupe::test {

/// A port of 127.0.0.1 on which nothing listens at this moment; for programs whose log does not
/// tell the port that they chose.
std::uint16_t free_port();

} // namespace troupe::test
