// Input: the bytes at the beginning of a connection. What they are as a PROXY header is said once
// and for all by the first of them, whatever follows, and the same for one version as for both.

#include "gateway/detail/proxy_protocol.hpp"
#include "tests/fuzz/fuzz.hpp"

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
  if (first.state == second.state && first.state != progress::done)
    check_equal(describe(either), describe(first), "both versions together say something else");
  else
    check_equal(describe(either), describe(first.state == progress::failed ? second : first),
                "both versions together say something else");
  return 0;
}
