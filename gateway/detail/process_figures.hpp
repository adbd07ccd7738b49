#pragma once

#include <chrono>
#include <cstdint>

namespace troupe::gateway {

/// What the kernel says of this process.
struct process_figures {
  std::chrono::duration<double> cpu{0};   // user and system, of all threads
  std::chrono::duration<double> start{0}; // since 1970
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

/// Reads a few files of /proc: some ten microseconds, and more with thousands of open files. What cannot be
/// read is 0.
process_figures read_process_figures();

} // namespace troupe::gateway
