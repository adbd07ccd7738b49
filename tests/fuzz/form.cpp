// Input: the body of a form. Its fields are what a second, plain implementation says; written anew
// they are read as the same.

#include "actors/form.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {
namespace {

using fuzz::check;
using fuzz::check_equal;
using pairs = std::vector<std::pair<std::string, std::string>>;

std::optional<form_data> read(std::string_view body) {
  request what;
  what.has_body = true;
  what.body = body;
  what.headers.add("Content-Type", "application/x-www-form-urlencoded");
  try {
    return parse_form(what);
  } catch (const error& e) {
    const bool too_many = e.code() == errc::payload_too_large;
    check(too_many || e.code() == errc::invalid_argument, "refused with another code");
    check(std::string_view{e.what()}.find("form") != std::string_view::npos,
          "refused in other words");
    return std::nullopt;
  }
}

/// None: an escape is wrong, or there are too many fields.
std::optional<pairs> read_plainly(std::string_view body) {
  pairs out;
  while (!body.empty()) {
    auto pair = fuzz::take_until(body, '&');
    if (pair.empty())
      continue;
    auto name = percent_decode(fuzz::take_until(pair, '='), true);
    auto value = percent_decode(pair, true);
    if (!name || !value || out.size() == most_form_fields)
      return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

std::string encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ')
      out += '+';
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

std::string describe(const pairs& fields) {
  std::string out;
  for (const auto& [name, value] : fields)
    out += encode(name) + "=" + encode(value) + "&";
  return out;
}

void check_lookup(const form_data& form) {
  constexpr std::size_t most = 16; // each looks at all fields
  for (std::size_t i = 0; i < std::min(form.fields().size(), most); ++i) {
    const auto& [name, value] = form.fields()[i];
    const auto all = form.all(name);
    check(!all.empty() && form.find(name) == all.front(), "the first of a name is another");
    check(std::ranges::find(all, value) != all.end(), "a value is not among those of its name");
    check_equal(form.get(name), all.front(), "a field as text");
    try {
      check(form.get<int>(name) == std::stoi(all.front()), "another number");
    } catch (const error& e) {
      check(e.code() == errc::invalid_argument, "a number refused with another code");
    }
  }
}

} // namespace
} // namespace troupe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  const auto body = fuzz::text_of(data, size);
  const auto found = read(body);
  const auto expected = read_plainly(body);
  check(found.has_value() == expected.has_value(), "a form is taken or refused wrongly");
  if (!found)
    return 0;
  const auto text = describe(found->fields());
  check_equal(text, describe(*expected), "the fields");
  const auto again = read(text);
  check(again.has_value(), "a form written anew is refused");
  check_equal(describe(again->fields()), text, "a form written anew is another one");
  check_lookup(*found);
  return 0;
}
