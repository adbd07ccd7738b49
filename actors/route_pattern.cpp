#include "actors/route_pattern.hpp"

#include "actors/messages/request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

using kind = route_pattern::segment_kind;

constexpr std::array<std::pair<std::string_view, kind>, 3> types{
  {{"int", kind::integer}, {"uint", kind::unsigned_integer}, {"uuid", kind::uuid}}};

[[noreturn]] void refuse(std::string_view pattern, const std::string& why) {
  throw std::invalid_argument("route pattern \"" + std::string{pattern} + "\": " + why);
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-';
  });
}

kind kind_of_type(std::string_view pattern, std::string_view inside, std::string_view type) {
  for (const auto& [name, each] : types)
    if (name == type)
      return each;
  refuse(pattern, "the type of {" + std::string{inside}
                    + "} is unknown, expected int, uint or uuid");
}

route_pattern::segment parse_parameter(std::string_view pattern, std::string_view inside) {
  route_pattern::segment out;
  auto name = inside;
  if (name.ends_with("...")) {
    name.remove_suffix(3);
    out.kind = kind::rest;
  } else if (auto colon = name.find(':'); colon != std::string_view::npos) {
    name = inside.substr(0, colon);
    out.kind = kind_of_type(pattern, inside, inside.substr(colon + 1));
  } else {
    out.kind = kind::text;
  }
  if (!is_name(name))
    refuse(pattern, "the name of {" + std::string{inside}
                      + "} is not made of letters, digits, '_' and '-'");
  out.text = name;
  return out;
}

route_pattern::segment parse_segment(std::string_view pattern, std::string_view text) {
  if (text.find_first_of("{}") == std::string_view::npos) {
    const auto decoded = percent_decode(text, false);
    if (!decoded || decoded->find('\0') != std::string::npos)
      refuse(pattern, "it has a % without two hexadecimal digits, or a NUL");
    if (*decoded == "." || *decoded == "..")
      refuse(pattern, "it has the segment \"" + *decoded + "\", which paths lose before they are matched");
    return {std::string{text}, kind::literal};
  }
  if (text.size() < 3 || text.front() != '{' || text.back() != '}'
      || text.find_first_of("{}", 1) != text.size() - 1)
    refuse(pattern, "a parameter is a whole segment, like /{id}");
  return parse_parameter(pattern, text.substr(1, text.size() - 2));
}

/// A literal as it is spelled in a shape: decoded, but for what has a meaning there.
std::string spell(std::string_view literal) {
  std::string out;
  for (const char c : percent_decode(literal, false).value_or(std::string{literal}))
    switch (c) {
    case '/': out += "%2F"; break;
    case '%': out += "%25"; break;
    case '{': out += "%7B"; break;
    case '}': out += "%7D"; break;
    default: out += c;
    }
  return out;
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
    if (parsed.is_parameter()
        && std::any_of(segments_.begin(), segments_.end(), [&](const segment& other) {
             return other.is_parameter() && other.text == parsed.text;
           }))
      refuse(text, "the parameter {" + parsed.text + "} appears twice");
    if (parsed.kind == kind::rest && end != std::string_view::npos)
      refuse(text, "{" + parsed.text + "...} takes all that is left: nothing can follow it");
    if (segments_.size() == max_segments)
      refuse(text, "it has more than " + std::to_string(max_segments) + " segments");
    segments_.push_back(std::move(parsed));
    if (end == std::string_view::npos)
      return;
    rest.remove_prefix(end + 1);
  }
}

std::string route_pattern::shape() const {
  std::string out;
  for (const auto& each : segments_) {
    out += '/';
    switch (each.kind) {
    case kind::literal: out += spell(each.text); break;
    case kind::unsigned_integer: out += "{:uint}"; break;
    case kind::integer: out += "{:int}"; break;
    case kind::uuid: out += "{:uuid}"; break;
    case kind::text: out += "{}"; break;
    case kind::rest: out += "{...}"; break;
    }
  }
  return out;
}

namespace {

template <class Number>
bool is_number(std::string_view text) noexcept {
  Number value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc{} && end == text.data() + text.size();
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = is_digit(text[i]) || (text[i] >= 'a' && text[i] <= 'f')
                     || (text[i] >= 'A' && text[i] <= 'F');
    if (dash ? text[i] != '-' : !hex)
      return false;
  }
  return true;
}

} // namespace

bool matches(route_pattern::segment_kind kind, std::string_view text) noexcept {
  switch (kind) {
  case kind::literal:
  case kind::rest: break;
  case kind::unsigned_integer: return is_number<std::uint64_t>(text);
  case kind::integer: return is_number<std::int64_t>(text);
  case kind::uuid: return is_uuid(text);
  case kind::text: return !text.empty();
  }
  return false;
}

} // namespace troupe
