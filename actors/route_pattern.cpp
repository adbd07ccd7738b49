#include "actors/route_pattern.hpp"

#include <algorithm>
#include <stdexcept>

namespace troupe {

namespace {

[[noreturn]] void refuse(std::string_view pattern, std::string_view why) {
  throw std::invalid_argument("route pattern \"" + std::string{pattern} + "\": "
                              + std::string{why});
}

route_pattern::segment parse_segment(std::string_view pattern, std::string_view text) {
  if (text.find_first_of("{}") == std::string_view::npos)
    return {std::string{text}, false};
  if (text.size() < 3 || text.front() != '{' || text.back() != '}'
      || text.find_first_of("{}", 1) != text.size() - 1)
    refuse(pattern, "a parameter is a whole segment, like /{id}");
  return {std::string{text.substr(1, text.size() - 2)}, true};
}

} // namespace

route_pattern::route_pattern(std::string_view text) : text_(text) {
  if (text.empty() || text.front() != '/')
    refuse(text, "a pattern begins with /");
  if (text.find_first_of("?# ") != std::string_view::npos)
    refuse(text, "a pattern is a path, without query, fragment or spaces");
  auto rest = text.substr(1);
  while (true) {
    auto end = rest.find('/');
    auto parsed = parse_segment(text, rest.substr(0, end));
    if (parsed.is_parameter
        && std::any_of(segments_.begin(), segments_.end(), [&](const segment& other) {
             return other.is_parameter && other.text == parsed.text;
           }))
      refuse(text, "the parameter {" + parsed.text + "} appears twice");
    segments_.push_back(std::move(parsed));
    if (end == std::string_view::npos)
      return;
    rest.remove_prefix(end + 1);
  }
}

std::string route_pattern::shape() const {
  std::string out;
  for (const auto& each : segments_)
    out.append("/").append(each.is_parameter ? "{}" : each.text);
  return out;
}

} // namespace troupe
