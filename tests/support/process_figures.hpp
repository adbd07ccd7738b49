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

/// By how much a process of this build may have grown that has taken `bytes` more and freed the rest: a sanitizer keeps
/// some of that.
std::uint64_t growth_of(std::uint64_t bytes) noexcept;

} // namespace troupe::test
