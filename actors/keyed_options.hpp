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
  /// lost then, with a line in the log. So are they when an actor of the whole cluster is taken over by another node before
  /// they are stored, as it may happen whenever a node joins: not for what must not be lost.
  at_stop,
};

/// Among which nodes there is one actor for a key.
enum class keyed_scope : std::uint8_t {
  /// Each node has its own.
  node,
  /// One in the cluster, on the node that the key falls to among those that have the kind; a message from another node
  /// goes there, and its answer back, through a gateway. Messages and answers are written as JSON then: they need
  /// to_json and from_json, but for messages without members. When nodes come and go the actors of some keys move:
  /// what an actor had to do is done, then it is saved and ended; its next message makes it on the other node. With
  /// persistence whoever loads a state takes it over: what an actor elsewhere has not saved by then it cannot save any
  /// more, and its message is handled again where the actor is now. All nodes must have the same database, and have joined the same gateways.
  ///
  /// A handle of such a kind is made before run() is called, as a static or in main: the nodes tell each other which
  /// kinds they have when they start.
  cluster,
};

struct keyed_options {
  keyed_scope scope = keyed_scope::node;
  /// An actor that got nothing for so long is ended.
  std::chrono::milliseconds idle_timeout{5 * 60'000};
  troupe::persistence persistence = persistence::none;
  /// Mailbox, restarts, reentrance; name and placement follow from the key.
  actor_options actor = {};
};

} // namespace troupe
