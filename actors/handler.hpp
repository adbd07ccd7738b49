#pragma once

#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/task.hpp"

#include <functional>

namespace troupe {

class context;

/// Answers a request. Each event loop has a copy of the handler and runs it; the request, the context
/// and the handler's own captures live until its coroutine has ended. What a capture points at is
/// shared by all loops. Throws `error` for expected failures; any other exception becomes a 500 whose
/// details stand in the log only.
using handler = std::function<task<response>(context&, const request&)>;

} // namespace troupe
