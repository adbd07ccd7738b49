#pragma once

/// How connections between nodes come to CAF 0.17's middleman, which neither listens nor connects by itself: it would
/// block, believe what strangers say, and not tell why it parts with them.

#include "actors/cluster/cluster_tls.hpp"
#include "actors/cluster/peer_connection.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/scribe.hpp>
#include <caf/result.hpp>

#include <cstdint>
#include <memory>

namespace troupe::detail {

/// A connection that CAF's middleman has taken over, with its socket.
class adopted_connection {
public:
  adopted_connection() = default;
  adopted_connection(caf::io::scribe_ptr scribe, int socket) : scribe_(std::move(scribe)), socket_(socket) {}

  /// Ends it, if it is one. Any thread: the socket is open as long as this exists.
  void hang_up() noexcept;

  [[nodiscard]] const caf::io::scribe_ptr& scribe() const noexcept { return scribe_; }

private:
  caf::io::scribe_ptr scribe_;
  int socket_ = -1;
};

/// The node's own side of a new connection. `tls`: null for none.
std::unique_ptr<peer_connection> make_connection(caf::actor_system& system, int socket, ssl_ptr tls,
                                                 frame_guard::end at);

/// Gives `made` and its socket to CAF. Begins to read when CAF asks it to, with what `made` has already.
adopted_connection adopt(caf::actor_system& system, int socket, std::unique_ptr<peer_connection> made);

/// Publishes `actor` to the worker node at the other end.
void publish_to(caf::actor_system& system, const adopted_connection& peer, const caf::strong_actor_ptr& actor,
                std::uint16_t port);

/// Ends what CAF has the connections by, before CAF does: that would leave its mailbox open, and a sign of life that
/// comes due then, a message to itself, would keep it for ever. Blocks. REQUIRES: the multiplexer runs; not its thread.
void end_broker(caf::actor_system& system);

/// Who answers (connect_atom, scribe_ptr, port) with the node and the actor at the other end.
caf::actor middleman_broker(caf::actor_system& system);

} // namespace troupe::detail
