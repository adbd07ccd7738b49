#pragma once

#include "actors/messages/header_list.hpp"
#include "actors/messages/sql.hpp"
#include "config/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::gateway {

/// What one proxy says of the request that it passed on: an element of Forwarded (RFC 7239, 4), its
/// texts without quotes, empty where it says nothing.
struct forwarded_element {
  std::string from; ///< "for", a keyword here
  std::string by;
  std::string host;
  std::string proto;
  /// Nothing is known of what stands here.
  bool malformed = false;

  friend bool operator==(const forwarded_element&, const forwarded_element&) = default;
};

/// The elements of one Forwarded field; none when it is malformed. Parameters other than the four
/// are passed over, so are empty elements and white space around ';'.
std::optional<std::vector<forwarded_element>> parse_forwarded(std::string_view value);

/// A node as in `for` and X-Forwarded-For.
struct forwarded_node {
  /// None: "unknown", or an identifier that hides it ("_proxy1").
  std::optional<config::ip_address> address;
};

/// Reads "192.0.2.1", "[2001:db8::1]", each with or without ":PORT", "unknown" or "_NAME"; IPv6
/// without brackets, too, as X-Forwarded-For has it. None: malformed.
std::optional<forwarded_node> parse_node(std::string_view text);

/// Whether it is Forwarded, or begins with "X-Forwarded-".
bool is_forwarded_field(std::string_view name) noexcept;
bool is_x_forwarded_field(std::string_view name) noexcept;

/// What Forwarded, or X-Forwarded-For, -Proto and -Host, say: the first proxy first, the one that
/// is connected to us last.
std::vector<forwarded_element> forwarded_elements(const header_list& headers);
std::vector<forwarded_element> x_forwarded_elements(const header_list& headers);

/// Where a request came from. Empty texts: not said.
struct forwarded_origin {
  config::ip_address client;
  std::string scheme; ///< "http" or "https"
  std::string host;
};

/// Goes from the end past trusted proxies; the first that is not one of them is the client, and
/// what stands before it is not looked at: the client may have written it. Where a proxy hides the
/// next node, that proxy is the client. `peer` is the trusted proxy that is connected to us.
/// A failure: what a trusted proxy has written is malformed.
std::variant<forwarded_origin, failure>
find_origin(const std::vector<forwarded_element>& elements, const config::ip_address& peer,
            const std::vector<config::network>& trusted);

} // namespace troupe::gateway
