#pragma once

#include "actors/context.hpp"
#include "actors/detail/node_services.hpp"
#include "actors/messages/database_figures.hpp"
#include "actors/task.hpp"

#include <cstddef>

namespace troupe::detail {

/// What all pools of a database of the node do together; `statements` are shown at most.
/// REQUIRES: it has one.
[[nodiscard]] task<database_figures> view_database(context& ctx, const node_database& which, std::size_t statements);

} // namespace troupe::detail
