#include "gateway/detail/host.hpp"

#include "actors/messages/header_list.hpp"
#include "gateway/detail/characters.hpp"

#include <arpa/inet.h>

#include <string>

namespace troupe::gateway {

namespace {

bool is_name(std::string_view text) noexcept {
  if (text.empty())
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is(host_char, text[i]))
      continue;
    if (text[i] != '%' || i + 2 >= text.size() || !is(hex_digit, text[i + 1])
        || !is(hex_digit, text[i + 2]))
      return false;
    if (text[i + 1] == '0' || text[i + 1] == '1') // a control character
      return false;
    i += 2;
  }
  return true;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, std::string{text}.c_str(), &address) == 1;
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
  std::size_t host_size = 0;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    // Brackets around an address of a later version of IP have never been used.
    if (close == std::string_view::npos || !is_ipv6(text.substr(1, close - 1)))
      return std::nullopt;
    host_size = close + 1;
  } else {
    host_size = std::min(text.find(':'), text.size());
    if (!is_name(text.substr(0, host_size)))
      return std::nullopt;
  }
  const auto rest = text.substr(host_size);
  if (!rest.empty() && rest.front() != ':')
    return std::nullopt;
  const auto port = parse_port(rest.substr(rest.empty() ? 0 : 1), default_port);
  if (!port)
    return std::nullopt;
  return host_and_port{text.substr(0, host_size), *port};
}

} // namespace troupe::gateway
