#include "actors/detail/cores.hpp"

#include <pthread.h>
#include <sched.h>

namespace troupe::detail {

namespace {

thread_local int kept_on = -1; // a core

/// The cores of the process when it was first asked for.
const cpu_set_t& cores() noexcept {
  static const cpu_set_t noted = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    pthread_getaffinity_np(pthread_self(), sizeof set, &set);
    return set;
  }();
  return noted;
}

void keep_on(int core) noexcept {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  if (pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0)
    kept_on = core;
}

} // namespace

void note_cores() noexcept {
  static_cast<void>(cores());
}

void run_on_core(unsigned n) noexcept {
  const auto count = CPU_COUNT(&cores());
  if (count == 0)
    return; // not told: nothing is better than a guess
  auto left = n % static_cast<unsigned>(count);
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &cores()) && left-- == 0)
      return keep_on(core);
}

void run_on_any_core() noexcept {
  if (CPU_COUNT(&cores()) > 0)
    pthread_setaffinity_np(pthread_self(), sizeof cores(), &cores());
  kept_on = -1;
}

any_core::any_core() noexcept : kept_on_(kept_on) {
  if (kept_on_ >= 0)
    run_on_any_core();
}

any_core::~any_core() {
  if (kept_on_ >= 0)
    keep_on(kept_on_);
}

} // namespace troupe::detail
