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
  /// Who asks waits, and is handled in its turn. What is told has nobody to wait for it: refused.
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
  /// Messages that may wait, those being handled not counted; 0: without a bound.
  std::size_t mailbox = 100'000;
  /// What happens to a message beyond that.
  when_full overflow = when_full::reject;
  /// The next message is begun while a handler waits in `co_await`: the state may change meanwhile.
  bool reentrant = false;
  placement where = placement::here;
  restart_policy restart = {};
};

/// What a supervisor does when one of its actors fails.
enum class strategy : std::uint8_t {
  /// The actor alone is begun anew, as its own restart_policy says; where that is exhausted, the
  /// group as a whole.
  one_for_one,
  /// All of the group are stopped at once and begun anew together.
  all_for_one,
};

struct supervisor_options {
  std::string name = "supervisor";
  troupe::strategy strategy = strategy::one_for_one;
  /// For the group as a whole. A failure beyond it is one of the supervisor above; of the topmost one:
  /// of the actor that has made it.
  restart_policy restart = {};
};

} // namespace troupe
