#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// How messages are compressed, as permessage-deflate has agreed on it (RFC 7692).
struct deflate_terms {
  int server_bits = 0; // of the window that messages to the client refer back to
  int client_bits = 0; // the same, as the client holds itself to it; 0: it has said nothing
  bool server_forgets = false; // messages do not refer to those before them
  bool client_forgets = false;
};

/// By the first of the offers in Sec-WebSocket-Extensions that can be met; none when there is no such.
std::optional<deflate_terms> agree_on_deflate(std::string_view offers);

/// As the answer's field has it.
std::string to_field(const deflate_terms& terms);

} // namespace troupe::gateway
