// Input: the bytes at the beginning of a connection. What they are as a PROXY header is said once
// and for all by the first of them, whatever follows, and the same for one version as for both.

#include "gateway/detail/proxy_protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace troupe::gateway {
namespace {

using config::proxy_protocol;
using fuzz::check;
using fuzz::check_equal;
using progress = proxy_header::progress;

/// Reads bytes in memory of their own: reading beyond them is seen.
proxy_header read(std::string_view bytes, proxy_protocol accepted) {
  const std::vector<char> exactly(bytes.begin(), bytes.end());
  return read_proxy_header({exactly.data(), exactly.size()}, accepted);
}

std::string describe(const proxy_header& what) {
  switch (what.state) {
  case progress::need_more:
    return "need more";
  case progress::failed:
    return "failed";
  case progress::done:
    break;
  }
  return "done after " + std::to_string(what.size) + ": "
         + (what.source ? to_string(*what.source) : "no source");
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5
         && text.find_first_not_of("0123456789") == std::string_view::npos
         && (text == "0" || text.front() != '0') && std::stoi(std::string{text}) <= 65535;
}

bool is_of_family(std::string_view address, bool is_ipv4) {
  return config::parse_address(address) && (address.find(':') == std::string_view::npos) == is_ipv4;
}

/// What a line is as a header; "" for what does not begin with one.
std::string read_v1_plainly(std::string_view bytes) {
  const auto end = bytes.find("\r\n");
  if (!bytes.starts_with("PROXY ") || end == std::string_view::npos)
    return "";
  std::vector<std::string_view> words;
  for (std::string_view rest = bytes.substr(0, end); !rest.empty();)
    words.push_back(fuzz::take_until(rest, ' '));
  const auto done = "done after " + std::to_string(end + 2) + ": ";
  if (end + 2 > 107 || words.size() < 2)
    return "failed";
  if (words[1] == "UNKNOWN")
    return done + "no source";
  const bool is_ipv4 = words[1] == "TCP4";
  if ((!is_ipv4 && words[1] != "TCP6") || words.size() != 6 || bytes[end - 1] == ' '
      || !is_of_family(words[2], is_ipv4) || !is_of_family(words[3], is_ipv4) || !is_port(words[4])
      || !is_port(words[5]))
    return "failed";
  return done + to_string(*config::parse_address(words[2]));
}

/// The same for version 2.
std::string read_v2_plainly(std::string_view bytes) {
  if (bytes.size() < 16 || bytes.substr(0, 12) != std::string_view{"\r\n\r\n\0\r\nQUIT\n", 12})
    return "";
  const auto number = [&](std::size_t at) {
    return unsigned{static_cast<unsigned char>(bytes[at])};
  };
  const auto size = 16 + number(14) * 256 + number(15);
  if (number(12) / 16 != 2 || number(12) % 16 > 1 || size > 16 + longest_proxy_block)
    return "failed";
  if (bytes.size() < size)
    return "need more";
  const auto done = "done after " + std::to_string(size) + ": ";
  if (number(12) % 16 == 0 || number(13) == 0)
    return done + "no source";
  const auto family = number(13) / 16;
  const std::array<unsigned, 4> wanted{0, 12, 36, 216};
  if (family < 1 || family > 3 || number(13) % 16 < 1 || number(13) % 16 > 2
      || size < 16 + wanted[family])
    return "failed";
  if (family == 3)
    return done + "no source";
  config::ip_address source;
  if (family == 2)
    std::copy_n(bytes.begin() + 16, 16, source.bytes.begin());
  else
    source = config::from_ipv4(
      {static_cast<unsigned char>(bytes[16]), static_cast<unsigned char>(bytes[17]),
       static_cast<unsigned char>(bytes[18]), static_cast<unsigned char>(bytes[19])});
  return done + to_string(source);
}

/// Reads more and more of the bytes, as they would come.
void check_growing(std::string_view bytes, proxy_protocol accepted) {
  constexpr std::size_t fixed = 16; // of version 2
  const auto whole = read(bytes, accepted);
  check(whole.state != progress::done || whole.size <= bytes.size(),
        "a header longer than the bytes");
  check(whole.state != progress::need_more || bytes.size() < fixed + longest_proxy_block,
        "more is needed than a header may have");
  progress before = progress::need_more;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto part = read(bytes.substr(0, size), accepted);
    if (before != progress::need_more || part.state != progress::need_more)
      check_equal(describe(part), describe(whole), "later bytes change what the first have said");
    check(part.state != progress::done || part.size <= size, "a header longer than the bytes");
    before = part.state;
    if (size > 256) // types, lengths, values: only whether they are all there
      break;
  }
  if (whole.state == progress::need_more)
    return;
  for (const char* behind : {"x", "\r\n", "GET / HTTP/1.1\r\n"})
    check_equal(describe(read(std::string{bytes} + behind, accepted)), describe(whole),
                "what follows changes the header");
}

} // namespace
} // namespace troupe::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::gateway;
  const auto bytes = troupe::fuzz::text_of(data, size);
  for (const auto accepted : {proxy_protocol::v1, proxy_protocol::v2, proxy_protocol::on})
    check_growing(bytes, accepted);
  const auto first = read(bytes, proxy_protocol::v1);
  const auto second = read(bytes, proxy_protocol::v2);
  const auto either = read(bytes, proxy_protocol::on);
  if (const auto expected = read_v1_plainly(bytes); !expected.empty())
    check_equal(describe(first), expected, "a header of version 1");
  if (const auto expected = read_v2_plainly(bytes); !expected.empty())
    check_equal(describe(second), expected, "a header of version 2");
  if (first.state == second.state && first.state != progress::done)
    check_equal(describe(either), describe(first), "both versions together say something else");
  else
    check_equal(describe(either), describe(first.state == progress::failed ? second : first),
                "both versions together say something else");
  return 0;
}
