#pragma once

#include "storage/detail/channels.hpp"

#include <memory>
#include <string>

namespace troupe::storage::postgres {

/// LISTEN for all listeners of a node over one session, which is none of the pool's: opened for the first of them,
/// in a thread of its own for as long as that takes, and watched by `loop` then. Closed when nobody has listened for
/// `settings.idle_timeout`; opened anew when it is lost, with growing pauses.
///
/// Who wants to listen is answered when the server has confirmed it, or refused after `settings.acquire_timeout`.
/// `told_as` stands in front of log lines.
[[nodiscard]] std::shared_ptr<channels> make_server_channels(troupe::detail::event_loop& loop,
                                                             const config::storage_settings& settings,
                                                             const std::string& told_as);

} // namespace troupe::storage::postgres
