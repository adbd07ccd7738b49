#pragma once

#include <chrono>
#include <cstdint>
#include <sys/types.h>

namespace troupe::test {

/// What the kernel counts for a running process; throws when there is none.
struct process_figures {
  std::uint64_t resident_bytes = 0;
  std::chrono::milliseconds cpu_time{0}; // user and system
};

process_figures figures_of(pid_t pid);

} // namespace troupe::test
