// Input: fields as "Name: value" lines. Elements written anew are read as the same; whom they name
// is the connected proxy or stands in them, and nothing that a client puts in front changes it.

#include "gateway/detail/forwarded.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

namespace troupe::gateway {
namespace {

using fuzz::check;
using fuzz::check_equal;
using elements = std::vector<forwarded_element>;

const config::ip_address peer = *config::parse_address("10.0.0.1");
const std::vector<config::network> trusted{*config::parse_network("10.0.0.0/8"),
                                           *config::parse_network("2001:db8::/32")};

std::string quote(std::string_view text) {
  std::string out{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return out + '"';
}

std::string write(const elements& what) {
  std::string out;
  for (const auto& each : what) {
    std::string pairs = ";"; // an element that says nothing
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty())
        pairs.append(name).append(quote(value)).append(";");
    };
    add("for=", each.from);
    add("by=", each.by);
    add("host=", each.host);
    add("proto=", each.proto);
    out += pairs + ",";
  }
  return out;
}

std::string describe(const std::variant<forwarded_origin, failure>& what) {
  if (const auto* problem = std::get_if<failure>(&what))
    return "refused: " + problem->detail;
  const auto& [client, scheme, host] = std::get<forwarded_origin>(what);
  return to_string(client) + " " + scheme + " " + host;
}

void check_syntax(std::string_view value) {
  const auto read = parse_forwarded(value);
  if (!read)
    return;
  check(read->size() <= value.size(), "more elements than bytes");
  const auto written = write(*read);
  const auto again = parse_forwarded(written);
  check(again.has_value(), "elements written anew are refused");
  check(*again == *read, "elements written anew are others");
}

void check_node(std::string_view text) {
  const auto node = parse_node(text);
  if (!node || !node->address)
    return;
  const auto written = to_string(*node->address);
  for (const auto& form :
       {written,
        written.find(':') == std::string::npos ? written + ":80" : "[" + written + "]:80"}) {
    const auto again = parse_node(form);
    check(again && again->address == node->address, "a node written anew is another one");
  }
}

/// Whether the address stands in one of the elements.
bool names(const elements& what, const config::ip_address& address) {
  return std::ranges::any_of(what, [&](const forwarded_element& each) {
    const auto node = parse_node(each.from);
    return node && node->address == address;
  });
}

/// Whether whoever goes from proxy to proxy ends here.
bool ends_at(const forwarded_element& what) {
  const auto node = parse_node(what.from);
  return what.malformed || !node || !node->address || !config::contains(trusted, *node->address);
}

void check_origin(const elements& what) {
  const auto found = find_origin(what, peer, trusted);
  const auto* origin = std::get_if<forwarded_origin>(&found);
  if (origin == nullptr) {
    check(std::get<failure>(found).code == errc::invalid_argument, "refused with another code");
  } else {
    check(origin->client == peer || names(what, origin->client), "a client from nowhere");
    check(origin->scheme.empty() || origin->scheme == "http" || origin->scheme == "https",
          "another scheme");
    check(origin->host.find_first_of(" \r\n\t\"/\\@") == std::string::npos, "a host that is none");
  }
  if (std::ranges::none_of(what, ends_at))
    return; // whoever is in front of them counts
  elements forged = what;
  forwarded_element evil;
  evil.from = "192.0.2.66";
  evil.host = "evil.example";
  evil.proto = "https";
  forged.insert(forged.begin(), evil);
  check_equal(describe(find_origin(forged, peer, trusted)), describe(found),
              "what stands in front changes who it is");
  evil.malformed = true;
  forged.front() = evil;
  check_equal(describe(find_origin(forged, peer, trusted)), describe(found),
              "what is wrong in front changes who it is");
}

} // namespace
} // namespace troupe::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  using namespace troupe::gateway;
  auto rest = fuzz::text_of(data, size);
  header_list headers;
  while (!rest.empty()) {
    auto line = fuzz::take_until(rest, '\n');
    const auto name = fuzz::take_until(line, ':');
    headers.add(name, line);
    check_syntax(line);
    check_node(line);
  }
  for (const auto& each : {forwarded_elements(headers), x_forwarded_elements(headers)}) {
    for (const auto& element : each)
      check_node(element.from);
    check_origin(each);
  }
  return 0;
}
