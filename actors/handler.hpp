#pragma once

#include "actors/body_stream.hpp"
#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/task.hpp"
#include "actors/websocket.hpp"

#include <cstdint>
#include <functional>
#include <variant>

namespace troupe {

class context;

/// Answers a request. Each event loop has a copy of the handler and runs it; the request, the context
/// and the handler's own captures live until its coroutine has ended. What a capture points at is
/// shared by all loops. Throws `error` for expected failures; any other exception becomes a 500 whose
/// details stand in the log only.
using handler = std::function<task<response>(context&, const request&)>;

/// The same for one that takes the body as it arrives: the request's own `body` is empty.
using streaming_handler = std::function<task<response>(context&, const request&, body_stream)>;

/// Has a WebSocket until it ends.
using websocket_handler = std::function<task<void>(context&, const request&, websocket)>;

/// In the order of `route_kind`.
using any_handler = std::variant<handler, streaming_handler, websocket_handler>;

/// The largest body that a route takes, in bytes; 0: as the setting http.max_body_bytes says.
struct body_limit {
  std::uint64_t bytes = 0;
  static constexpr body_limit none() noexcept { return {~std::uint64_t{0}}; }
};

} // namespace troupe
