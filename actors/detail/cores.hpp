#pragma once

namespace troupe::detail {

/// Keeps the calling thread on the n-th of the cores that the process may use, counted around. The
/// threads that it starts begin there, too: they want `run_on_any_core` or an `any_core` around their
/// start.
void run_on_core(unsigned n) noexcept;

/// Lets the calling thread run on all cores that the process may use.
void run_on_any_core() noexcept;

/// Notes which cores those are: before the first thread is kept on one of them. Any thread.
void note_cores() noexcept;

/// As long as it lives, the calling thread may run on all cores, and what it starts as well.
class any_core {
public:
  any_core() noexcept;
  any_core(const any_core&) = delete;
  any_core& operator=(const any_core&) = delete;
  ~any_core();

private:
  int kept_on_; // -1: on none
};

} // namespace troupe::detail
