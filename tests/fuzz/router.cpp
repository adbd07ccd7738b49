// Input: lines, all but the last "METHOD PATTERN", the last "METHOD TARGET". The router finds what
// a search through all patterns finds; the pattern with the parameters in it is the path again.

#include "gateway/detail/router.hpp"

#include "actors/route_pattern.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::gateway {
namespace {

using fuzz::check;
using fuzz::check_equal;

using kind = route_pattern::segment_kind;

/// The segments' literals are decoded: a request may write them in another way.
struct parsed_route {
  http_method method = http_method::get;
  std::string text;
  std::vector<route_pattern::segment> segments;
};

std::optional<parsed_route> read_route(std::string_view line) {
  const auto method = parse_method(fuzz::take_until(line, ' '));
  if (!method)
    return std::nullopt;
  try {
    const route_pattern pattern{line};
    parsed_route out{*method, std::string{line}, pattern.segments()};
    for (auto& each : out.segments)
      if (!each.is_parameter())
        each.text = percent_decode(each.text, false).value();
    return out;
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

/// Each route is a service of its own, named by its place: the first of a shape and method has it.
cluster_view view_of(const std::vector<parsed_route>& routes) {
  cluster_view out;
  auto& node = out.nodes.emplace_back();
  for (std::size_t i = 0; i < routes.size(); ++i)
    node.services.push_back({std::to_string(i), false, {{routes[i].method, routes[i].text}}});
  return out;
}

using path_segments = std::vector<std::string>;

/// The path's segments, without dot segments, decoded; none where it is malformed.
std::optional<path_segments> segments_of(std::string_view path) {
  path_segments out;
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  for (bool last = false; !last;) {
    last = path.find('/') == std::string_view::npos;
    auto raw = std::string{last ? path : fuzz::take_until(path, '/')};
    auto dots = raw; // RFC 3986: equivalent spellings first, then the dot segments
    for (auto at = dots.find('%'); at != std::string::npos; at = dots.find('%', at + 1))
      if (at + 2 < dots.size() && dots[at + 1] == '2' && (dots[at + 2] | 0x20) == 'e')
        dots.replace(at, 3, ".");
    if (dots == ".." && out.empty())
      return std::nullopt;
    if (dots == "..")
      out.pop_back();
    if (dots != "." && dots != "..")
      out.push_back(std::move(raw));
    else if (last)
      out.emplace_back();
  }
  for (auto& each : out) {
    auto decoded = percent_decode(each, false);
    if (!decoded || decoded->find('\0') != std::string::npos)
      return std::nullopt;
    each = std::move(*decoded);
  }
  return out;
}

/// The values of the parameters; none where the route does not match.
std::optional<std::string> match(const parsed_route& route, const path_segments& path) {
  std::string values;
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const auto& each = route.segments[i];
    if (i >= path.size())
      return std::nullopt;
    if (each.kind == kind::rest) {
      values += " " + path[i];
      for (auto j = i + 1; j < path.size(); ++j)
        values += "/" + path[j];
      return values;
    }
    if (each.kind == kind::literal ? each.text != path[i] : !troupe::matches(each.kind, path[i]))
      return std::nullopt;
    if (each.is_parameter())
      values += " " + path[i];
  }
  return route.segments.size() == path.size() ? std::optional{values} : std::nullopt;
}

/// Whether `a` goes before `b`, both of which match: by the first segment in which their kinds differ.
bool precedes(const parsed_route& a, const parsed_route& b) {
  for (std::size_t i = 0; i < std::min(a.segments.size(), b.segments.size()); ++i)
    if (a.segments[i].kind != b.segments[i].kind)
      return a.segments[i].kind < b.segments[i].kind;
  return false;
}

/// "PLACE values", "wrong method", "malformed" or "not found", by looking at every route.
std::string search(const std::vector<parsed_route>& routes, const request& what) {
  const auto path = segments_of(what.path());
  if (!path)
    return "malformed";
  bool any = false;
  std::optional<std::size_t> best;
  auto wanted = std::vector{what.method};
  if (what.method == http_method::head)
    wanted.push_back(http_method::get); // of two alike the first counts
  for (const auto& each : routes)
    any = any || match(each, *path);
  for (const auto method : wanted)
    for (std::size_t i = 0; i < routes.size(); ++i)
      if (routes[i].method == method && match(routes[i], *path)
          && (!best || precedes(routes[i], routes[*best])))
        best = i;
  if (best)
    return std::to_string(*best) + *match(routes[*best], *path);
  return any ? "wrong method" : "not found";
}

std::string find(const router& where, request& what) {
  const auto match = where.find(what);
  if (match.malformed)
    return "malformed";
  if (match.entry == nullptr)
    return match.allowed.empty() ? "not found" : "wrong method";
  check(match.entry->candidates.size() == 1, "not one candidate");
  check(match.entry->candidates[0].parameter_names.size() == what.parameters.size(),
        "names and values of parameters differ in number");
  auto out = match.entry->service;
  for (const auto& [name, value] : what.parameters)
    out += " " + value;
  return out;
}

request make(http_method method, std::string target) {
  request out;
  out.method = method;
  out.path_size = static_cast<std::uint32_t>(std::min(target.find('?'), target.size()));
  out.target = std::move(target);
  return out;
}

std::string encoded(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

/// The pattern with the parameters' values, all of it percent-encoded but for the slashes of a rest.
std::string expand(const parsed_route& route, const request& what) {
  std::string out;
  std::size_t next = 0;
  for (const auto& each : route.segments) {
    std::string_view value = each.is_parameter() ? what.parameters[next++].second : each.text;
    for (; each.kind == kind::rest && value.find('/') != std::string_view::npos;)
      out += "/" + encoded(fuzz::take_until(value, '/'));
    out += "/" + encoded(value);
  }
  return out;
}

/// Whether a slash of a rest may have been one within a segment.
bool is_ambiguous(const parsed_route& route, std::string_view path) {
  return route.segments.back().kind == kind::rest
         && (path.find("%2f") != std::string_view::npos || path.find("%2F") != std::string_view::npos);
}

} // namespace
} // namespace troupe::gateway

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  using namespace troupe::gateway;
  auto rest = fuzz::text_of(data, size);
  std::vector<parsed_route> routes;
  while (rest.find('\n') != std::string_view::npos)
    if (auto route = read_route(fuzz::take_until(rest, '\n')))
      routes.push_back(std::move(*route));
  const auto method = parse_method(fuzz::take_until(rest, ' '));
  if (!method || !rest.starts_with('/') || rest.find('\0') != std::string_view::npos)
    return 0; // what the parser does not let pass

  const router where{view_of(routes)};
  auto what = make(*method, std::string{rest});
  const auto found = find(where, what);
  check_equal(found, search(routes, what), "another route than a search finds");
  if (found.find_first_not_of("0123456789") == 0)
    return 0;
  const auto& route = routes[std::stoul(found)];
  if (is_ambiguous(route, what.path()))
    return 0;
  auto again = make(*method, expand(route, what));
  check_equal(find(where, again), found, "the expanded pattern leads elsewhere");
  return 0;
}
