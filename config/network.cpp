#include "config/network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>

namespace troupe::config {
namespace {

constexpr unsigned mapped_bits = 96; // ::ffff:0:0/96 holds the IPv4 addresses
constexpr std::array<unsigned char, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Whether the first `bits` bits are the same.
bool same_prefix(const ip_address& a, const ip_address& b, unsigned bits) noexcept {
  const auto whole = bits / 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
  const auto rest = bits % 8;
  return rest == 0 || (a.bytes[whole] ^ b.bytes[whole]) >> (8 - rest) == 0;
}

bool has_bits_behind(const ip_address& address, unsigned prefix) noexcept {
  for (auto bit = prefix; bit < 128; ++bit)
    if ((address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  return false;
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned highest) {
  unsigned bits = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, bits);
  const bool padded = text.size() > 1 && text.front() == '0';
  if (text.empty() || padded || problem != std::errc{} || stop != end || bits > highest)
    return std::nullopt;
  return bits;
}

} // namespace

bool ip_address::is_ipv4() const noexcept {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin());
}

ip_address from_ipv4(const std::array<unsigned char, 4>& bytes) noexcept {
  ip_address result;
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), result.bytes.begin());
  std::copy(bytes.begin(), bytes.end(), result.bytes.begin() + mapped_prefix.size());
  return result;
}

std::optional<ip_address> parse_address(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> ended{};
  std::copy(text.begin(), text.end(), ended.begin());
  std::array<unsigned char, 4> ipv4{};
  if (inet_pton(AF_INET, ended.data(), ipv4.data()) == 1) return from_ipv4(ipv4);
  ip_address result;
  if (inet_pton(AF_INET6, ended.data(), result.bytes.data()) == 1) return result;
  return std::nullopt;
}

std::string to_string(const ip_address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_ipv4 = address.is_ipv4();
  inet_ntop(is_ipv4 ? AF_INET : AF_INET6,
            address.bytes.data() + (is_ipv4 ? mapped_prefix.size() : 0), text.data(), text.size());
  return text.data();
}

std::optional<network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address_text = text.substr(0, slash);
  const auto base = parse_address(address_text);
  if (!base || slash == std::string_view::npos)
    return base ? std::optional(network{*base, 128}) : std::nullopt;
  const bool is_ipv4_text = address_text.find(':') == std::string_view::npos;
  const auto bits = parse_prefix(text.substr(slash + 1), is_ipv4_text ? 128 - mapped_bits : 128);
  if (!bits) return std::nullopt;
  const network result{*base, *bits + (is_ipv4_text ? mapped_bits : 0)};
  if (has_bits_behind(result.base, result.prefix)) return std::nullopt;
  return result;
}

std::string to_string(const network& what) {
  const auto address = to_string(what.base);
  if (what.prefix == 128) return address;
  return address + '/' + std::to_string(what.prefix - (what.base.is_ipv4() ? mapped_bits : 0));
}

bool contains(const network& where, const ip_address& address) noexcept {
  return where.base.is_ipv4() == address.is_ipv4()
         && same_prefix(where.base, address, where.prefix);
}

bool contains(const std::vector<network>& list, const ip_address& address) noexcept {
  return std::any_of(list.begin(), list.end(),
                     [&](const network& each) { return contains(each, address); });
}

} // namespace troupe::config
