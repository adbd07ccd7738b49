#include "gateway/detail/host.hpp"

#include "actors/messages/header_list.hpp"
#include "gateway/detail/characters.hpp"

#include <arpa/inet.h>

#include <string>

namespace troupe::gateway {

namespace {

/// Begins with an escape that stands for no control character.
bool begins_with_escape(std::string_view text) noexcept {
  return text.size() >= 3 && text[0] == '%' && is(hex_digit, text[1]) && is(hex_digit, text[2])
         && text[1] != '0' && text[1] != '1';
}

/// Of the name that `text` begins with, up to a colon or its end; 0 for what is none.
std::size_t name_size(std::string_view text) noexcept {
  auto at = skip(host_char, text, 0);
  while (at < text.size() && text[at] != ':') {
    if (!begins_with_escape(text.substr(at)))
      return 0;
    at = skip(host_char, text, at + 3);
  }
  return at;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, std::string{text}.c_str(), &address) == 1;
}

/// Of the address in brackets that `text` begins with; 0 for what is none.
std::size_t address_size(std::string_view text) {
  const auto close = text.find(']');
  // Brackets around an address of a later version of IP have never been used.
  if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1)))
    return 0;
  return close + 1;
}

/// None for what is no port; `otherwise` for an empty text.
std::optional<std::uint16_t> parse_port(std::string_view text, std::uint16_t otherwise) noexcept {
  if (text.empty())
    return otherwise;
  std::uint32_t value = 0;
  for (auto c : text) {
    if (!is_digit(c))
      return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
    if (value > 65535)
      return std::nullopt;
  }
  return static_cast<std::uint16_t>(value);
}

} // namespace

bool host_and_port::same_as(const host_and_port& other) const noexcept {
  return port == other.port && equals_ignore_case(host, other.host);
}

std::optional<host_and_port> parse_host(std::string_view text, std::uint16_t default_port) {
  const auto host_size = text.starts_with('[') ? address_size(text) : name_size(text);
  if (host_size == 0)
    return std::nullopt;
  const auto rest = text.substr(host_size);
  if (!rest.empty() && rest.front() != ':')
    return std::nullopt;
  const auto port = parse_port(rest.substr(rest.empty() ? 0 : 1), default_port);
  if (!port)
    return std::nullopt;
  return host_and_port{text.substr(0, host_size), *port};
}

} // namespace troupe::gateway
