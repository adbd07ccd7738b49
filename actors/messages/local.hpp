#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>

namespace troupe {

/// Answer of an actor of this node to a message with a `call_id`: a value that the asker casts back,
/// null for none.
struct local_reply {
  std::shared_ptr<void> value;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::local_reply)
