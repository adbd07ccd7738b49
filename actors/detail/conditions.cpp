#include "actors/detail/conditions.hpp"

#include "actors/detail/field_parameters.hpp"
#include "actors/detail/http_date.hpp"

#include <algorithm>
#include <limits>

namespace troupe::detail {

namespace {

/// How often a field stands there; with its value where that is once.
struct field {
  std::size_t count = 0;
  std::string_view value;
};

field find_field(const header_list& headers, std::string_view name) {
  field out;
  for (std::size_t i = 0; i < headers.size(); ++i)
    if (const auto [key, value] = headers[i]; equals_ignore_case(key, name)) {
      ++out.count;
      out.value = value;
    }
  return out;
}

// -- entity tags ----------------------------------------------------------------------------------

constexpr std::string_view weak_mark = "W/";

bool is_tag_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte <= 0x7e) || byte >= 0x80;
}

/// Takes an entity tag off the front; empty when there is none.
std::string_view take_tag(std::string_view& rest) {
  const auto quote = rest.starts_with(weak_mark) ? weak_mark.size() : 0;
  if (!rest.substr(quote).starts_with('"'))
    return {};
  auto end = quote + 1;
  while (end < rest.size() && is_tag_char(rest[end]))
    ++end;
  if (end == rest.size() || rest[end] != '"')
    return {};
  const auto tag = rest.substr(0, end + 1);
  rest.remove_prefix(tag.size());
  return tag;
}

bool is_weak(std::string_view tag) {
  return tag.starts_with(weak_mark);
}

bool match_strongly(std::string_view a, std::string_view b) {
  return !is_weak(a) && a == b;
}

bool match_weakly(std::string_view a, std::string_view b) {
  const auto opaque = [](std::string_view tag) {
    return is_weak(tag) ? tag.substr(weak_mark.size()) : tag;
  };
  return opaque(a) == opaque(b);
}

enum class found_tag { no, yes, malformed };

/// Looks for a tag in one field's list.
template <class Matches>
found_tag find_in_list(std::string_view list, std::string_view tag, Matches matches) {
  auto found = found_tag::no;
  while (true) {
    list = without_blanks(list);
    if (!list.empty() && list.front() != ',') {
      const auto each = take_tag(list);
      if (each.empty())
        return found_tag::malformed;
      if (matches(each, tag))
        found = found_tag::yes;
      list = without_blanks(list);
    }
    if (list.empty())
      return found;
    if (list.front() != ',')
      return found_tag::malformed;
    list.remove_prefix(1);
  }
}

/// Whether `*` or the tag is in what all fields of that name list together; none: no such field.
template <class Matches>
std::optional<bool> any_match(const header_list& headers, std::string_view name,
                              std::string_view tag, Matches matches) {
  const auto only = find_field(headers, name);
  if (only.count == 0)
    return std::nullopt;
  if (only.count == 1 && without_blanks(only.value) == "*")
    return true;
  bool found = false;
  for (std::size_t i = 0; i < headers.size(); ++i)
    if (const auto [key, value] = headers[i]; equals_ignore_case(key, name)) {
      const auto here = find_in_list(value, tag, matches);
      if (here == found_tag::malformed)
        return false;
      found = found || here == found_tag::yes;
    }
  return found;
}

// -- dates ----------------------------------------------------------------------------------------

std::optional<std::int64_t> find_date(const header_list& headers, std::string_view name,
                                      std::int64_t now) {
  const auto only = find_field(headers, name);
  return only.count == 1 ? parse_http_date(without_blanks(only.value), now) : std::nullopt;
}

/// Whether it was modified after the date of that field; none: no valid date, or not known.
std::optional<bool> modified_since(const header_list& headers, std::string_view name,
                                   const representation& what, std::int64_t now) {
  const auto date = find_date(headers, name, now);
  if (!date || !what.last_modified)
    return std::nullopt;
  return *what.last_modified > *date;
}

// -- ranges ---------------------------------------------------------------------------------------

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes digits off the front; the largest number where they say more; none: no digit.
std::optional<std::uint64_t> take_number(std::string_view& rest) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  if (rest.empty() || !is_digit(rest.front()))
    return std::nullopt;
  std::uint64_t out = 0;
  for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1)) {
    const auto digit = static_cast<std::uint64_t>(rest.front() - '0');
    out = out > (most - digit) / 10 ? most : out * 10 + digit;
  }
  return out;
}

/// One of "FIRST-", "FIRST-LAST", "-SUFFIX".
struct range {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last; // without `first`: how many bytes from the end
};

std::optional<range> parse_range(std::string_view text) {
  range out;
  out.first = take_number(text);
  if (!text.starts_with('-'))
    return std::nullopt;
  text.remove_prefix(1);
  out.last = take_number(text);
  const bool backward = out.first && out.last && *out.first > *out.last;
  if (!text.empty() || backward || (!out.first && !out.last))
    return std::nullopt;
  return out;
}

bool is_satisfiable(const range& what, std::uint64_t size) {
  return what.first ? *what.first < size : *what.last > 0;
}

/// The bytes that a satisfiable range names.
verdict part_of(const range& what, std::uint64_t size) {
  if (size == 0)
    return {}; // the last bytes of nothing: no Content-Range can say it
  if (!what.first)
    return {206, size - std::min(size, *what.last), size - 1};
  return {206, *what.first, std::min(what.last.value_or(size - 1), size - 1)};
}

/// How to answer a Range field that counts.
verdict evaluate_range(std::string_view value, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!equals_ignore_case(value.substr(0, unit.size()), unit))
    return {};
  value.remove_prefix(unit.size());
  std::size_t count = 0;
  std::optional<range> satisfiable;
  while (true) {
    const auto comma = value.find(',');
    if (const auto text = without_blanks(value.substr(0, comma)); !text.empty()) {
      const auto each = parse_range(text);
      if (!each)
        return {};
      ++count;
      if (is_satisfiable(*each, size))
        satisfiable = each;
    }
    if (comma == std::string_view::npos)
      break;
    value.remove_prefix(comma + 1);
  }
  if (count == 0)
    return {};
  if (!satisfiable)
    return {416};
  return count == 1 ? part_of(*satisfiable, size) : verdict{};
}

/// Whether If-Range lets Range count.
bool range_counts(const header_list& headers, const representation& what, std::int64_t now) {
  const auto condition = find_field(headers, "If-Range");
  if (condition.count != 1)
    return condition.count == 0;
  auto rest = without_blanks(condition.value);
  if (const auto tag = take_tag(rest); !tag.empty())
    return rest.empty() && match_strongly(tag, what.entity_tag);
  const auto date = parse_http_date(rest, now);
  return date && what.last_modified && *date == *what.last_modified && *date < now;
}

} // namespace

verdict evaluate_conditions(const header_list& headers, http_method method,
                            const representation& what, std::int64_t now) {
  const bool reads = method == http_method::get || method == http_method::head;
  if (const auto match = any_match(headers, "If-Match", what.entity_tag, match_strongly)) {
    if (!*match)
      return {412};
  } else if (modified_since(headers, "If-Unmodified-Since", what, now).value_or(false)) {
    return {412};
  }
  if (const auto match = any_match(headers, "If-None-Match", what.entity_tag, match_weakly)) {
    if (*match)
      return {reads ? std::uint16_t{304} : std::uint16_t{412}};
  } else if (reads && !modified_since(headers, "If-Modified-Since", what, now).value_or(true)) {
    return {304};
  }
  const auto wanted = find_field(headers, "Range");
  if (method != http_method::get || wanted.count != 1 || !range_counts(headers, what, now))
    return {};
  return evaluate_range(without_blanks(wanted.value), what.size);
}

std::string content_range(const verdict& what, std::uint64_t size) {
  const auto range = what.status == 206
                       ? std::to_string(what.first) + "-" + std::to_string(what.last)
                       : std::string{"*"};
  return "bytes " + range + "/" + std::to_string(size);
}

} // namespace troupe::detail
