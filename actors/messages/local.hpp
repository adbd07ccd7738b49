#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>

namespace troupe {

/// Answer of an actor of this node to a message with a `call_id`: a value that the asker casts back,
/// null for none.
struct local_reply {
  std::shared_ptr<void> value;
};

/// Message to a worker actor of this node, after the `call_id` of a request from the same sender: nobody
/// waits for its answer any more. There is no answer.
struct request_abandoned {};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::local_reply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::request_abandoned)
