#include "gateway/detail/peer.hpp"

#include "gateway/detail/forwarded.hpp"

#include <netinet/in.h>

#include <array>
#include <cstring>

namespace troupe::gateway {

peer::peer(const config::http_settings& settings, std::optional<config::ip_address> address)
  : settings_(settings),
    awaits_header_(settings.proxy_protocol != config::proxy_protocol::off) {
  set_address(address);
}

void peer::set_address(std::optional<config::ip_address> address) {
  address_ = address;
  trusted_ = address && config::contains(settings_.trusted_proxies, *address);
  text_ = address ? config::to_string(*address) : std::string{};
}

proxy_header::progress peer::read_header(std::string_view bytes, std::size_t& used) {
  const auto header = read_proxy_header(bytes, settings_.proxy_protocol);
  if (header.state != proxy_header::progress::done)
    return header.state;
  used += header.size;
  awaits_header_ = false;
  if (header.source)
    set_address(header.source);
  else
    trusted_ = false; // it does not say for whom it speaks
  return header.state;
}

namespace {

struct found_fields {
  bool forwarded = false;
  bool x_forwarded = false;
};

found_fields find_fields(const header_list& headers) {
  found_fields out;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto name = headers[i].first;
    out.forwarded = out.forwarded || is_forwarded_field(name);
    out.x_forwarded = out.x_forwarded || is_x_forwarded_field(name);
  }
  return out;
}

} // namespace

std::optional<failure> peer::introduce(request& what) const {
  what.client = text_;
  const auto found = find_fields(what.headers);
  if (!found.forwarded && !found.x_forwarded)
    return std::nullopt;
  const auto forwarded = trusted_ && found.forwarded
                         && settings_.forwarded != config::forwarded_fields::x_forwarded;
  const auto x_forwarded = trusted_ && found.x_forwarded && !forwarded
                           && settings_.forwarded != config::forwarded_fields::forwarded;
  if (forwarded || x_forwarded)
    if (auto wrong = believe(what, forwarded))
      return wrong;
  if ((found.forwarded && !forwarded) || (found.x_forwarded && !x_forwarded))
    what.headers.remove_if([&](std::string_view name) {
      return (!forwarded && is_forwarded_field(name))
             || (!x_forwarded && is_x_forwarded_field(name));
    });
  return std::nullopt;
}

std::optional<failure> peer::believe(request& what, bool forwarded) const {
  const auto elements =
    forwarded ? forwarded_elements(what.headers) : x_forwarded_elements(what.headers);
  auto found = find_origin(elements, *address_, settings_.trusted_proxies);
  if (auto* wrong = std::get_if<failure>(&found))
    return std::move(*wrong);
  auto& origin = std::get<forwarded_origin>(found);
  what.client = config::to_string(origin.client);
  if (!origin.scheme.empty())
    what.scheme = std::move(origin.scheme);
  if (!origin.host.empty())
    what.headers.set("Host", origin.host);
  return std::nullopt;
}

std::optional<config::ip_address> ip_of(const sockaddr_storage& address) noexcept {
  if (address.ss_family == AF_INET) {
    std::array<unsigned char, 4> ipv4{};
    std::memcpy(ipv4.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, ipv4.size());
    return config::from_ipv4(ipv4);
  }
  if (address.ss_family != AF_INET6)
    return std::nullopt;
  config::ip_address out;
  std::memcpy(out.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr,
              out.bytes.size());
  return out;
}

std::optional<config::ip_address> peer_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return std::nullopt;
  return ip_of(address);
}

} // namespace troupe::gateway
