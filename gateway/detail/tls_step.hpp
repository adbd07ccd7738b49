#pragma once

#include <boost/system/error_code.hpp>

#include <cstddef>

namespace troupe::gateway {

/// How far one call of a tls_stream has come.
struct tls_step {
  /// What the socket must be before the call is made again.
  enum class wait { none, readable, writable };

  std::size_t size = 0; // bytes that were read or taken
  wait needed = wait::none;
  boost::system::error_code error;
};

} // namespace troupe::gateway
