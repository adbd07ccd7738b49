#pragma once

#include "actors/messages/request.hpp"
#include "actors/messages/sql.hpp"
#include "config/settings.hpp"
#include "gateway/detail/proxy_protocol.hpp"

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// The other end of one connection: its address, what a PROXY header says of it, and whether it is
/// trusted to name the clients of its requests. Knows no socket.
class peer {
public:
  /// `settings` outlives the peer. No address: it is not known, and not trusted.
  peer(const config::http_settings& settings, std::optional<config::ip_address> address);

  /// A PROXY header is wanted, but not from everybody: close the connection.
  [[nodiscard]] bool refused() const noexcept { return awaits_header_ && !trusted_; }

  /// A PROXY header must come before the first request.
  [[nodiscard]] bool awaits_header() const noexcept { return awaits_header_; }

  /// One of http.trusted_proxies.
  [[nodiscard]] bool trusted() const noexcept { return trusted_; }

  /// Takes the PROXY header from the bytes that have come so far; when it is `done`, adds its size
  /// to `used` and the connection comes from where it says. REQUIRES: awaits_header, not refused.
  proxy_header::progress read_header(std::string_view bytes, std::size_t& used);

  [[nodiscard]] const std::optional<config::ip_address>& ip() const noexcept { return address_; }
  /// The address as text; empty when it is not known.
  [[nodiscard]] const std::string& address() const noexcept { return text_; }

  /// Fills in client, scheme and host, and removes the fields that the gateway did not go by. A
  /// failure: what a trusted proxy says is malformed. The client must not pass for the proxy then.
  [[nodiscard]] std::optional<failure> introduce(request& what) const;

private:
  void set_address(std::optional<config::ip_address> address);
  std::optional<failure> believe(request& what, bool forwarded) const;

  const config::http_settings& settings_;
  std::optional<config::ip_address> address_;
  std::string text_;
  bool trusted_ = false;
  bool awaits_header_;
};

/// None when it is neither IPv4 nor IPv6.
std::optional<config::ip_address> ip_of(const sockaddr_storage& address) noexcept;

/// Of the peer of a connected socket; none when the connection is gone already.
std::optional<config::ip_address> peer_address(int socket);

} // namespace troupe::gateway
