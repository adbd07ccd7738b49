// Input: the bytes of a connection. However they are cut, the same requests come out, and each keeps
// what the rest of the gateway relies on.

#include "gateway/detail/http_parser.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>

namespace troupe::gateway {
namespace {

using fuzz::check;
using fuzz::check_equal;

/// Small, so that short inputs reach them.
config::http_settings small_limits() {
  config::http_settings out;
  out.max_header_bytes = 512;
  out.max_headers = 8;
  out.max_target_bytes = 128;
  out.max_body_bytes = 64;
  return out;
}

/// Room for a request that was written anew: a field grows by a space.
config::http_settings roomy_limits() {
  auto out = small_limits();
  out.max_header_bytes = 2048;
  out.max_headers = 16;
  return out;
}

std::string describe(const request& what) {
  auto out = std::string{to_string(what.method)} + " " + what.target + "\n";
  for (std::size_t i = 0; i < what.headers.size(); ++i)
    if (auto [name, value] = what.headers[i];
        !equals_ignore_case(name, "Content-Length") && !equals_ignore_case(name, "Transfer-Encoding"))
      out.append(name).append(": ").append(value).append("\n");
  return out + (what.has_body ? "body " + what.body : "no body") + "\n";
}

void check_target(const request& what) {
  check(what.target.starts_with('/')
            || (what.target == "*" && what.method == http_method::options),
        "a target that is no path");
  check(what.target.size() <= small_limits().max_target_bytes, "a target over the limit");
  check(std::all_of(what.target.begin(), what.target.end(),
                    [](char c) { return (c > 0x20 || c < 0) && c != 0x7f && c != '#'; }),
        "a space, a control character or a fragment in a target");
  check(what.path_size <= what.target.size(), "a path longer than its target");
  check(what.path().find('?') == std::string_view::npos, "a ? in a path");
}

void check_fields(const request& what, bool is_old) {
  int hosts = 0, lengths = 0, codings = 0;
  for (std::size_t i = 0; i < what.headers.size(); ++i) {
    const auto [name, value] = what.headers[i];
    hosts += equals_ignore_case(name, "Host") ? 1 : 0;
    lengths += equals_ignore_case(name, "Content-Length") ? 1 : 0;
    codings += equals_ignore_case(name, "Transfer-Encoding") ? 1 : 0;
    check(!name.empty() && name.find_first_of(" \t\r\n:") == std::string_view::npos
              && name.find('\0') == std::string_view::npos,
          "a field name that is no token");
    check(value.find_first_of("\r\n") == std::string_view::npos
              && value.find('\0') == std::string_view::npos,
          "a line end or NUL in a field value");
    check(value.empty() || (value.front() != ' ' && value.back() != ' '),
          "a field value with space around it");
    if (equals_ignore_case(name, "Content-Length"))
      check_equal(std::to_string(what.body.size()),
                  std::string{value.substr(std::min(value.find_first_not_of('0'), value.size() - 1))},
                  "a body of another length than its Content-Length");
  }
  check(hosts == 1 || (is_old && hosts == 0), "not one Host field");
  check(lengths + codings <= 1, "fields that frame the body twice");
  check(!is_old || codings == 0, "chunks from HTTP/1.0");
  // A Connection field may have named, and so removed, the one that framed the body.
  check(what.has_body == (lengths + codings > 0) || what.header("Connection"),
        "has_body differs from the fields");
}

void check_message(const http_parser& parser, const request& what) {
  check_target(what);
  check_fields(what, parser.is_old());
  check(what.headers.size() <= small_limits().max_headers, "more fields than the limit");
  check(what.body.size() <= small_limits().max_body_bytes, "a body over the limit");
  check(what.has_body || what.body.empty(), "a body without framing");
  check(parser.knows_method(), "a request of an unknown method");
}

/// Feeds `bytes` as a session does, cut by `step`, and gives what came of them.
template <class Step, class OnMessage>
std::string parse(std::string_view bytes, const config::http_settings& limits, Step step,
                  OnMessage on_message) {
  http_parser parser{limits};
  std::string out, waiting;
  while (!bytes.empty()) {
    const auto size = std::min(step(), bytes.size());
    waiting.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    while (!waiting.empty()) {
      std::size_t used = 0;
      // A copy of just that size: reading past its end is an error that ASan sees.
      const std::string fed{waiting};
      const auto progress = parser.feed(fed, used);
      check(used <= waiting.size(), "more bytes used than there were");
      waiting.erase(0, used);
      if (progress == http_parser::progress::need_more) {
        check(waiting.size() <= limits.max_header_bytes, "more bytes kept than a head may have");
        break;
      }
      if (progress == http_parser::progress::failed) {
        check(!parser.problem().detail.empty(), "a failure without a word");
        return out + std::string{to_string(parser.problem().code)} + ": " + parser.problem().detail
               + "\n";
      }
      on_message(parser, parser.message());
      out += describe(parser.message()) + (parser.keep_alive() ? "" : "close\n")
             + (parser.is_old() ? "1.0\n" : "");
      parser.reset();
      check(parser.untouched(), "bytes left in a parser that was reset");
    }
  }
  return out + (parser.untouched() && waiting.empty() ? "" : "more\n");
}

/// However it is cut, the same comes out, and of several faults the same is told.
template <class Step>
void check_cut(const std::string& bytes, const std::string& at_once, Step step) {
  const auto found = parse(bytes, small_limits(), step, [](const http_parser&, const request&) {});
  check_equal(found, at_once, "cut elsewhere something else comes out");
}

/// A request written anew is read as the same request.
void check_written_anew(const request& what) {
  auto bytes = std::string{to_string(what.method)} + " " + what.target + " HTTP/1.1\r\n";
  if (!what.header("Host"))
    bytes += "Host: h\r\n";
  for (std::size_t i = 0; i < what.headers.size(); ++i)
    if (auto [name, value] = what.headers[i];
        !equals_ignore_case(name, "Content-Length") && !equals_ignore_case(name, "Transfer-Encoding"))
      bytes.append(name).append(": ").append(value).append("\r\n");
  if (what.has_body)
    bytes += "Content-Length: " + std::to_string(what.body.size()) + "\r\n";
  bytes += "\r\n" + what.body;
  request again;
  parse(bytes, roomy_limits(), [] { return ~std::size_t{0}; },
        [&](const http_parser&, const request& read) { again = read; });
  if (!what.header("Host")) {
    request with_host = what;
    with_host.headers.clear();
    with_host.headers.add("Host", "h");
    for (std::size_t i = 0; i < what.headers.size(); ++i)
      with_host.headers.add(what.headers[i].first, what.headers[i].second);
    check_equal(describe(again), describe(with_host), "a request written anew is another one");
  } else {
    check_equal(describe(again), describe(what), "a request written anew is another one");
  }
}

} // namespace
} // namespace troupe::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::gateway;
  const auto bytes = troupe::fuzz::text_of(data, size);
  const auto limits = small_limits();
  const auto at_once = parse(bytes, limits, [] { return ~std::size_t{0}; },
                             [](const http_parser& parser, const troupe::request& what) {
                               check_message(parser, what);
                               check_written_anew(what);
                             });
  check_cut(std::string{bytes}, at_once, [] { return std::size_t{1}; });
  troupe::fuzz::derived_numbers numbers{bytes};
  for (const std::size_t most : {std::size_t{8}, std::size_t{64}})
    check_cut(std::string{bytes}, at_once, [&] { return numbers.next(most); });
  return 0;
}
