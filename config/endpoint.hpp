// Network addresses as they stand in settings: HOST:PORT.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::config {

/// Where to listen or connect. `host` is a name, an IPv4 or an IPv6 address (kept without
/// brackets). Port 0 asks the system for a free port when listening.
struct endpoint {
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// Reads "HOST:PORT" or "[IPV6]:PORT"; nothing when the text is neither. Names are not resolved.
std::optional<endpoint> parse_endpoint(std::string_view text);

/// The form that parse_endpoint reads.
std::string to_string(const endpoint& where);

/// Whether only this machine can reach the host: 127.0.0.0/8, ::1 or "localhost".
bool is_loopback(std::string_view host);

/// Whether the host stands for every address of this machine: 0.0.0.0 or ::.
bool is_any_address(std::string_view host);

/// Of http://HOST:PORT, perhaps with a slash behind it; nothing for any other text.
std::optional<endpoint> trace_receiver(std::string_view text);

} // namespace troupe::config
