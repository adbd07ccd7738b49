#pragma once

#include "actors/actor_options.hpp"

#include <chrono>
#include <cstdint>

namespace troupe {

/// When the state of a keyed actor is written to the database.
enum class persistence : std::uint8_t {
  /// Never: it is lost with the actor.
  none,
  /// After each message that has changed it, before the answer goes out: what was acknowledged is
  /// stored. A message whose change cannot be stored is answered with the error, and the next one finds
  /// what is stored.
  each_change,
  /// When the actor is ended in an orderly way: idle, or with its node. A crash loses the changes since.
  /// While they cannot be stored an idle actor stays, and tries again; at the end of the node they are
  /// lost then, with a line in the log.
  at_stop,
};

struct keyed_options {
  /// An actor that got nothing for so long is ended.
  std::chrono::milliseconds idle_timeout{5 * 60'000};
  troupe::persistence persistence = persistence::none;
  /// Mailbox, restarts, reentrance; name and placement follow from the key.
  actor_options actor = {};
};

} // namespace troupe
