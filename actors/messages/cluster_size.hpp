#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>

namespace troupe {

/// Message to the database actors of a node: so many nodes use the databases, this one among them.
struct cluster_size {
  std::size_t nodes = 1;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster_size)
