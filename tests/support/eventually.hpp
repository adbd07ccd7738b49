#pragma once

#include "tests/support/deadline.hpp"

#include <poll.h>

namespace troupe::test {

/// Asks `done` again every 2 ms, for events that can only be seen by asking. False when `limit`
/// (scaled) has passed.
template <class Predicate>
[[nodiscard]] bool eventually(Predicate done, milliseconds limit = soon) {
  const deadline end{limit};
  for (;;) {
    if (done())
      return true;
    if (end.passed())
      return false;
    ::poll(nullptr, 0, 2);
  }
}

} // namespace troupe::test
