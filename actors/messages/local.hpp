#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>

namespace troupe {

namespace detail {
class local_message;
} // namespace detail

/// Message to a stateful actor, with a `call_id` before it (0: no answer wanted). It carries its
/// own handling, so it stays within the node.
struct local_call {
  std::shared_ptr<detail::local_message> what;
};

/// Answer to `local_call`: the value that the asker casts back, null for none.
struct local_reply {
  std::shared_ptr<void> value;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::local_call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::local_reply)
