#pragma once

#include "actors/broadcast.hpp"
#include "actors/notification.hpp"

#include <cstddef>
#include <memory>

namespace troupe::detail {

/// What waits for a listener at most; the oldest is left out then.
inline constexpr std::size_t notifications_kept = 1'024;

/// What a database gives for a `sql_listen`, in a `local_reply`.
struct listening {
  broadcast<notification> told; ///< all of the channel; closed when the database's actor ends
  std::shared_ptr<void> seat;   ///< a listener of the channel less, when it is destroyed; any thread
};

} // namespace troupe::detail
