#pragma once

#include "actors/messages/errc.hpp"

namespace troupe::detail {

/// The key of an actor of the whole cluster is another node's: what was asked here has left nothing behind, and may be
/// asked there.
class moved_error final : public error {
public:
  moved_error() : error(errc::unavailable, "the actor's key moves between nodes") {}
};

} // namespace troupe::detail
