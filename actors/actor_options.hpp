#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace troupe {

/// What happens to a message for which a mailbox has no room.
enum class when_full : std::uint8_t {
  /// It fails with error{unavailable}: 503 with Retry-After, when nobody catches it before the client.
  reject,
  /// Who asks waits, and is handled in its turn; what is told waits too.
  wait,
};

/// How often and how fast a failed actor is begun anew.
struct restart_policy {
  /// More failures than this within `window` are beyond help: the supervisor fails in turn. 0: at
  /// the first one.
  unsigned max_restarts = 10;
  std::chrono::milliseconds window{60'000};
  /// The wait before the first restart; doubled with each further one within the window.
  std::chrono::milliseconds min_backoff{10};
  std::chrono::milliseconds max_backoff{10'000};
  /// Up to this part of the wait is added by chance, so that not all come back at once.
  double jitter = 0.2;
};

/// Where an actor lives; it stays there.
enum class placement : std::uint8_t {
  /// On the event loop of who spawns it: to ask it is a function call.
  here,
  /// On the node's loops in turn: work is spread.
  spread,
};

struct actor_options {
  /// For logs and /_troupe/actors; empty: the type's name.
  std::string name = {};
  /// Messages that may wait; 0: without a bound.
  std::size_t mailbox = 100'000;
  when_full overflow = when_full::reject;
  /// The next message is begun while a handler waits in `co_await`: the state may change meanwhile.
  bool reentrant = false;
  placement where = placement::here;
  restart_policy restart = {};
};

/// Whom a supervisor restarts when one of its actors fails.
enum class strategy : std::uint8_t { one_for_one, all_for_one };

struct supervisor_options {
  std::string name = "supervisor";
  troupe::strategy strategy = strategy::one_for_one;
  /// For a group that is restarted as a whole: all_for_one, or from within a supervisor of its own.
  restart_policy restart = {};
};

} // namespace troupe
