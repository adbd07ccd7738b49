#pragma once

#include "storage/detail/channels.hpp"

#include <memory>
#include <string>

namespace troupe::storage::sqlite {

/// SQLite has no notifications: these stay within the process, and the file is not needed for them. What transactions
/// notify comes to `owner` by way of the notice board.
[[nodiscard]] std::shared_ptr<channels> make_local_channels(troupe::detail::event_loop& loop,
                                                            caf::weak_actor_ptr owner, const std::string& path);

} // namespace troupe::storage::sqlite
