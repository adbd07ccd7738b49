#include "config/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstring>

namespace troupe::config {
namespace {

constexpr std::size_t longest_host_name = 253; // RFC 1035, without the final dot

using ipv4 = std::array<unsigned char, 4>;
using ipv6 = std::array<unsigned char, 16>;

template <class Address>
std::optional<Address> parse_address(int family, std::string_view host) {
  Address result{};
  if (host.find('\0') != std::string_view::npos) return std::nullopt; // inet_pton would stop there
  if (inet_pton(family, std::string(host).c_str(), result.data()) != 1) return std::nullopt;
  return result;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
         || c == '-' || c == '_';
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= longest_host_name && host.front() != '-'
         && host.front() != '.' && std::all_of(host.begin(), host.end(), is_name_character);
}

// Digits and dots alone can only be meant as an address: "1.2.3" or "256.0.0.1" is a slip, not a
// name.
bool is_host(std::string_view host) {
  if (host.find_first_not_of("0123456789.") == std::string_view::npos)
    return parse_address<ipv4>(AF_INET, host).has_value();
  return is_host_name(host);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, port);
  if (text.empty() || problem != std::errc{} || stop != end) return std::nullopt;
  return port;
}

} // namespace

std::optional<endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool known = bracketed ? parse_address<ipv6>(AF_INET6, host).has_value() : is_host(host);
  const auto port = parse_port(text.substr(colon + 1));
  if (!known || !port) return std::nullopt;
  return endpoint{std::string(host), *port};
}

std::string to_string(const endpoint& where) {
  const bool is_ipv6 = where.host.find(':') != std::string::npos;
  return (is_ipv6 ? '[' + where.host + ']' : where.host) + ':' + std::to_string(where.port);
}

bool is_loopback(std::string_view host) {
  if (const auto address = parse_address<ipv4>(AF_INET, host)) return address->front() == 127;
  if (const auto address = parse_address<ipv6>(AF_INET6, host)) {
    ipv6 loopback{};
    loopback.back() = 1;
    return *address == loopback;
  }
  constexpr std::string_view name = "localhost";
  return std::equal(host.begin(), host.end(), name.begin(), name.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

bool is_any_address(std::string_view host) {
  if (const auto address = parse_address<ipv4>(AF_INET, host)) return *address == ipv4{};
  if (const auto address = parse_address<ipv6>(AF_INET6, host)) return *address == ipv6{};
  return false;
}

std::optional<endpoint> trace_receiver(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  return parse_endpoint(text);
}

} // namespace troupe::config
