#pragma once

#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "config/settings.hpp"
#include "gateway/detail/websocket_extensions.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// What of a request is wanted for the answer to its WebSocket handshake (RFC 6455, 4.2.2).
struct websocket_handshake {
  std::string key;
  std::string extensions; // of all its fields, in one list
};

/// Of a GET with "Upgrade: websocket", whose Upgrade field may have been removed.
websocket_handshake take_handshake(const request& what);

/// The answer to a request that cannot become a WebSocket, though its route is one: 426 for one that does
/// not ask for it, or for another version; 400 for a key that is none; 403 for a page of another
/// origin than the request's own host that is not among http.websocket_origins.
std::optional<response> refuse_handshake(const request& what, bool wants_websocket,
                                         const config::http_settings& settings);

/// The answer to one that can, as bytes: with the protocol that `head` names, and what was agreed on.
std::string answer_handshake(const websocket_handshake& what, const response& head,
                             const std::optional<deflate_terms>& terms, std::string_view date);

} // namespace troupe::gateway
