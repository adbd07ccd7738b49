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

/// The segments' literals are decoded: a request may write them in another way.
struct parsed_route {
  http_method method = http_method::get;
  std::string text;
  std::vector<route_pattern::segment> segments;
};

std::string decoded(const std::string& text) {
  return percent_decode(text, false).value_or(text);
}

std::optional<parsed_route> read_route(std::string_view line) {
  const auto method = parse_method(fuzz::take_until(line, ' '));
  if (!method)
    return std::nullopt;
  try {
    const route_pattern pattern{line};
    parsed_route out{*method, std::string{line}, pattern.segments()};
    for (auto& each : out.segments)
      if (!each.is_parameter)
        each.text = decoded(each.text);
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

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  path.remove_prefix(std::min<std::size_t>(1, path.size()));
  while (path.find('/') != std::string_view::npos)
    out.emplace_back(fuzz::take_until(path, '/'));
  out.emplace_back(path);
  return out;
}

bool matches(const parsed_route& route, const std::vector<std::string>& segments) {
  if (route.segments.size() != segments.size())
    return false;
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (route.segments[i].is_parameter ? segments[i].empty() : route.segments[i].text != segments[i])
      return false;
  return true;
}

/// Whether `a` goes before `b`: the first segment in which they differ is a literal in `a`.
bool precedes(const parsed_route& a, const parsed_route& b) {
  for (std::size_t i = 0; i < a.segments.size(); ++i)
    if (a.segments[i].is_parameter != b.segments[i].is_parameter)
      return b.segments[i].is_parameter;
  return false;
}

std::string values_of(const parsed_route& route, const std::vector<std::string>& segments) {
  std::string out;
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (route.segments[i].is_parameter)
      out += " " + segments[i];
  return out;
}

bool is_written_as(const parsed_route& route, std::string_view path) {
  return route.text == path && route.text.find('{') == std::string::npos;
}

/// The path's segments, decoded; none where it is malformed. A path that stands in a route as it is
/// is never malformed.
std::optional<std::vector<std::string>> segments_of(const std::vector<parsed_route>& routes,
                                                    std::string_view path) {
  const bool known = std::any_of(routes.begin(), routes.end(),
                                 [&](const auto& each) { return is_written_as(each, path); });
  auto out = split(path);
  for (auto& each : out) {
    const auto text = percent_decode(each, false);
    const bool valid = text && (*text == each || text->find('\0') == std::string::npos);
    if (!valid && !known)
      return std::nullopt;
    each = text.value_or(each);
  }
  return out;
}

/// "PLACE values", "wrong method", "malformed" or "not found", by looking at every route.
std::string search(const std::vector<parsed_route>& routes, const request& what) {
  const auto segments = segments_of(routes, what.path());
  if (!segments)
    return "malformed";
  const parsed_route* best = nullptr;
  for (const auto& each : routes)
    if (matches(each, *segments) && (best == nullptr || precedes(each, *best)))
      best = &each;
  if (best == nullptr)
    return "not found";
  auto wanted = std::vector{what.method};
  if (what.method == http_method::head)
    wanted.push_back(http_method::get);
  for (const auto method : wanted)
    for (std::size_t i = 0; i < routes.size(); ++i)
      if (routes[i].method == method && matches(routes[i], *segments) && !precedes(*best, routes[i]))
        return std::to_string(i) + values_of(routes[i], *segments);
  return "wrong method";
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

/// The pattern with the parameters' values, all of it percent-encoded.
std::string expand(const parsed_route& route, const request& what) {
  std::string out;
  std::size_t next = 0;
  for (const auto& each : route.segments)
    out += "/" + encoded(each.is_parameter ? what.parameters[next++].second : each.text);
  return out;
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
  if (!method || !rest.starts_with('/'))
    return 0;

  const router where{view_of(routes)};
  auto what = make(*method, std::string{rest});
  const auto found = find(where, what);
  check_equal(found, search(routes, what), "another route than a search finds");
  if (found.find_first_not_of("0123456789") == 0)
    return 0;
  if (percent_decode(what.path(), false).value_or(std::string(1, '\0')).find('\0') != std::string::npos)
    return 0; // stands so in a route; written in another way it would be malformed
  auto again = make(*method, expand(routes[std::stoul(found)], what));
  check_equal(find(where, again), found, "the expanded pattern leads elsewhere");
  return 0;
}
