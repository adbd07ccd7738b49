#pragma once

#include "actors/messages/trace_context.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe::detail {

/// On whose behalf a loop runs code: a request, a stateful actor, a spawned task. A coroutine that
/// waits remembers it, so that it is known again when the coroutine goes on.
struct activity {
  /// The route or the kind of actor, for logs; from `intern`, or null.
  const std::string* label = nullptr;
  /// Where it stands in a trace; null for most.
  std::shared_ptr<const trace_context> trace;
  /// None of its coroutines is resumed any more.
  bool cancelled = false;
  /// How often it stands on the stack: its code runs, or waits for what it has called to return.
  unsigned on_stack = 0;
};

/// The one copy of a text, kept until the process ends: for routes and kinds of actors, of which
/// there are few. Any thread; takes a lock, so not for the path of a request.
const std::string* intern(std::string_view text);

} // namespace troupe::detail
