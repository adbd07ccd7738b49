// Input: a line with size and entity tag of a representation, then fields as "Name: value" lines.
// The verdict is one that RFC 9110 allows, a range is within the representation and what a second,
// plain implementation says; dates that are read are written as the same.

#include "actors/detail/conditions.hpp"
#include "actors/detail/http_date.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>

namespace troupe::detail {
namespace {

using fuzz::check;
using fuzz::check_equal;

constexpr std::int64_t modified = 784111777; // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::int64_t now = modified + 100;

// -- dates ----------------------------------------------------------------------------------------

void check_date(std::string_view text) {
  const auto date = parse_http_date(text, now);
  if (!date)
    return;
  const auto written = format_http_date(*date);
  check(written.size() == 29, "a date that is not of its form");
  check(parse_http_date(written, now) == date, "a date written is another one");
  const bool is_fixed = text.size() == 29 && text[3] == ',';
  const bool has_leap_second = text.find(":60") != std::string_view::npos;
  if (is_fixed && !has_leap_second) // the day's name is not looked at
    check_equal(written.substr(3), text.substr(3), "a date read is another one");
}

// -- ranges ---------------------------------------------------------------------------------------

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// As range_verdict: "0" for no range that counts.
std::string to_words(const verdict& what) {
  return what.status == 206 ? std::to_string(what.first) + "-" + std::to_string(what.last)
                            : std::to_string(what.status);
}

std::string without_space(std::string text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? ""
                                    : text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// How a Range field alone is answered. None: numbers too large for this plain way.
std::optional<std::string> range_plainly(std::string value, std::uint64_t size) {
  value = without_space(value);
  for (auto& c : value)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  if (!value.starts_with("bytes="))
    return "200";
  std::string only;
  int count = 0;
  int satisfiable = 0;
  bool malformed = false;
  bool too_large = false;
  for (std::string_view rest = std::string_view{value}.substr(6); !rest.empty();) {
    const auto text = without_space(std::string{fuzz::take_until(rest, ',')});
    if (text.empty())
      continue;
    ++count;
    const auto dash = std::min(text.find('-'), text.size());
    const auto first = text.substr(0, dash);
    const auto last = text.substr(std::min(dash + 1, text.size()));
    const bool suffix = first.empty();
    malformed |= dash == text.size() || (suffix && !is_number(last))
                 || (!suffix && !is_number(first)) || (!last.empty() && !is_number(last));
    too_large |= first.size() > 18 || last.size() > 18;
    if (malformed || too_large)
      continue;
    const auto from = std::strtoull(first.c_str(), nullptr, 10);
    const auto to = std::strtoull(last.c_str(), nullptr, 10);
    malformed |= !suffix && !last.empty() && to < from;
    if (suffix ? to > 0 : from < size) {
      ++satisfiable;
      const auto end = suffix || last.empty() || to >= size ? size - 1 : to;
      const auto begin = !suffix ? from : to >= size ? 0 : size - to;
      only = size == 0 ? "200" : std::to_string(begin) + "-" + std::to_string(end);
    }
  }
  if (malformed || count == 0)
    return "200";
  if (too_large)
    return std::nullopt;
  return satisfiable == 0 ? "416" : count == 1 ? only : "200";
}

void check_range(const std::string& value, std::uint64_t size) {
  header_list headers;
  headers.add("Range", value);
  const auto found = evaluate_conditions(headers, http_method::get, {"", std::nullopt, size}, now);
  if (const auto expected = range_plainly(value, size))
    check_equal(to_words(found), *expected, "the range " + value);
}

// -- verdicts -------------------------------------------------------------------------------------

void check_verdict(const header_list& headers, http_method method, const representation& what) {
  const auto found = evaluate_conditions(headers, method, what, now);
  const auto sent = [&](std::string_view name) { return headers.find(name).has_value(); };
  switch (found.status) {
  case 200:
    break;
  case 206:
    check(found.first <= found.last && found.last < what.size, "a range outside");
    check(method == http_method::get && sent("Range"), "a part that nobody asked for");
    break;
  case 304:
    check(method == http_method::get || method == http_method::head, "304 of a change");
    check(sent("If-None-Match") || sent("If-Modified-Since"), "304 without a condition");
    break;
  case 412:
    check(sent("If-Match") || sent("If-Unmodified-Since") || sent("If-None-Match"),
          "412 without a condition");
    break;
  case 416:
    check(method == http_method::get && sent("Range"), "416 without a range");
    check_equal(content_range(found, what.size), "bytes */" + std::to_string(what.size),
                "Content-Range of 416");
    break;
  default:
    fuzz::finding("another status: " + std::to_string(found.status));
  }
}

} // namespace
} // namespace troupe::detail

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  using namespace troupe::detail;
  auto rest = fuzz::text_of(data, size);
  auto first = fuzz::take_until(rest, '\n');
  const auto length = std::strtoull(std::string{fuzz::take_until(first, ' ')}.c_str(), nullptr, 10);
  header_list headers;
  while (!rest.empty()) {
    auto line = fuzz::take_until(rest, '\n');
    const auto name = fuzz::take_until(line, ':');
    headers.add(name, line);
    check_date(line);
    check_range(std::string{line}, length);
  }
  const representation what{first, modified, length};
  for (const auto method : {http_method::get, http_method::head, http_method::put})
    check_verdict(headers, method, what);
  check_verdict(headers, http_method::get, {first, std::nullopt, length});
  return 0;
}
