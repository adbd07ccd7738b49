#include "gateway/detail/proxy_protocol.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace troupe::gateway {

namespace {

using progress = proxy_header::progress;

constexpr proxy_header need_more{};
constexpr proxy_header failed{progress::failed, 0, std::nullopt};

/// Whether the bytes are `text`, begin with it, or may become it.
bool may_begin_with(std::string_view bytes, std::string_view text) {
  const auto shared = std::min(bytes.size(), text.size());
  return bytes.substr(0, shared) == text.substr(0, shared);
}

// -- version 1: a line of text ------------------------------------------------------------------------

constexpr std::string_view v1_signature = "PROXY ";
constexpr std::size_t longest_v1 = 107; // with its line end

/// The text up to the next space, which is taken away with it.
std::string_view next_word(std::string_view& rest) {
  const auto word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, port);
  const auto padded = text.size() > 1 && text.front() == '0';
  return !text.empty() && !padded && problem == std::errc{} && stop == end;
}

/// An address in the family's own form: a dot is IPv4's, a colon IPv6's.
std::optional<config::ip_address> address_of_family(std::string_view text, bool is_ipv4) {
  if ((text.find(':') == std::string_view::npos) != is_ipv4)
    return std::nullopt;
  return config::parse_address(text);
}

proxy_header read_v1(std::string_view bytes) {
  const auto end = bytes.substr(0, longest_v1).find("\r\n");
  if (end == std::string_view::npos)
    return bytes.size() < longest_v1 ? need_more : failed;
  auto rest = bytes.substr(v1_signature.size(), end - v1_signature.size());
  const auto size = end + 2;
  const auto family = next_word(rest);
  if (family == "UNKNOWN")
    return {progress::done, size, std::nullopt};
  if ((family != "TCP4" && family != "TCP6") || std::count(rest.begin(), rest.end(), ' ') != 3)
    return failed;
  const auto source = address_of_family(next_word(rest), family == "TCP4");
  const auto destination = address_of_family(next_word(rest), family == "TCP4");
  if (!source || !destination || !is_port(next_word(rest)) || !is_port(rest))
    return failed;
  return {progress::done, size, source};
}

// -- version 2: binary --------------------------------------------------------------------------------

constexpr std::string_view v2_signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t v2_fixed = 16; // signature, version and command, family, length of the rest

/// The two address families that we take the source from stand at the block's beginning.
template <std::size_t Size>
std::array<unsigned char, Size> first_bytes(std::string_view block) {
  std::array<unsigned char, Size> out{};
  std::copy_n(block.begin(), Size, out.begin());
  return out;
}

/// A source and a destination, each with a port: as long as the family wants them.
proxy_header with_source(std::size_t size, unsigned char family, std::string_view block) {
  constexpr std::size_t ipv4_size = 12;
  constexpr std::size_t ipv6_size = 36;
  constexpr std::size_t unix_size = 216;
  switch (family) {
  case 0x00: // not said
    return {progress::done, size, std::nullopt};
  case 0x11: // IPv4, TCP
  case 0x12: // IPv4, UDP: of a proxy that speaks HTTP/3 in front
    if (block.size() < ipv4_size)
      return failed;
    return {progress::done, size, config::from_ipv4(first_bytes<4>(block))};
  case 0x21:
  case 0x22:
    if (block.size() < ipv6_size)
      return failed;
    return {progress::done, size, config::ip_address{first_bytes<16>(block)}};
  case 0x31: // a Unix socket of the proxy's machine
  case 0x32:
    return block.size() < unix_size ? failed : proxy_header{progress::done, size, std::nullopt};
  default:
    return failed;
  }
}

proxy_header read_v2(std::string_view bytes) {
  if (bytes.size() < v2_fixed)
    return need_more;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  constexpr unsigned char local = 0x20; // version 2, command LOCAL: a connection of the proxy's own
  constexpr unsigned char proxied = 0x21;
  const std::size_t length = std::size_t{byte(14)} << 8 | byte(15);
  if ((byte(12) != local && byte(12) != proxied) || length > longest_proxy_block)
    return failed;
  if (bytes.size() < v2_fixed + length)
    return need_more;
  if (byte(12) == local)
    return {progress::done, v2_fixed + length, std::nullopt};
  return with_source(v2_fixed + length, byte(13), bytes.substr(v2_fixed, length));
}

} // namespace

proxy_header read_proxy_header(std::string_view bytes, config::proxy_protocol accepted) {
  if (bytes.empty())
    return need_more;
  const auto takes = [&](config::proxy_protocol version) {
    return accepted == version || accepted == config::proxy_protocol::on;
  };
  if (takes(config::proxy_protocol::v1) && may_begin_with(bytes, v1_signature))
    return bytes.size() < v1_signature.size() ? need_more : read_v1(bytes);
  if (takes(config::proxy_protocol::v2) && may_begin_with(bytes, v2_signature))
    return read_v2(bytes);
  return failed;
}

} // namespace troupe::gateway
