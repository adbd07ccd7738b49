// IP addresses and networks as they stand in settings and as peers are known by.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

/// An IPv4 or IPv6 address, without zone. An IPv4 address that is written within IPv6
/// (::ffff:192.0.2.1), as sockets for both do, is that IPv4 address.
struct ip_address {
  std::array<unsigned char, 16> bytes{}; // of IPv4 as ::ffff:a.b.c.d

  bool is_ipv4() const noexcept;

  friend bool operator==(const ip_address&, const ip_address&) = default;
};

ip_address from_ipv4(const std::array<unsigned char, 4>& bytes) noexcept;

/// Reads "192.0.2.1" or "2001:db8::1"; nothing when the text is neither.
std::optional<ip_address> parse_address(std::string_view text);

/// "192.0.2.1", "2001:db8::1": IPv6 as RFC 5952 wants it.
std::string to_string(const ip_address& address);

/// All addresses that begin with the first `prefix` bits of `base`.
struct network {
  ip_address base;
  unsigned prefix = 128; // counted in base.bytes: 96 more than written for IPv4

  friend bool operator==(const network&, const network&) = default;
};

/// Reads an address, or ADDRESS/BITS without bits set behind the prefix.
std::optional<network> parse_network(std::string_view text);

/// The form that parse_network reads, an address for a network of one.
std::string to_string(const network& what);

/// IPv4 addresses are in IPv4 networks only: ::/0 does not hold them.
bool contains(const network& where, const ip_address& address) noexcept;
bool contains(const std::vector<network>& list, const ip_address& address) noexcept;

} // namespace troupe::config
