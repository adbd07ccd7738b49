// Input: a parameter's name, a line end, a query. What the request says of the parameter is what a
// second, plain implementation says, and converted values are what the text says.

#include "actors/messages/errc.hpp"
#include "actors/messages/request.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cstdlib>
#include <optional>
#include <string>

namespace troupe {
namespace {

using fuzz::check;
using fuzz::check_equal;

std::string encode_all(std::string_view text) {
  static constexpr char digits[] = "0123456789aBcDeF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

/// As percent_decode, by other means.
std::optional<std::string> decode_plainly(std::string text, bool plus_is_space) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space)
      text[i] = ' ';
    if (text[i] != '%')
      continue;
    const auto digits = text.substr(i + 1, 2);
    if (digits.size() < 2
        || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      return std::nullopt;
    text.replace(i, 3, 1, static_cast<char>(std::stoi(digits, nullptr, 16)));
  }
  return text;
}

void check_decoding(std::string_view text) {
  for (const bool plus_is_space : {false, true}) {
    const auto found = percent_decode(text, plus_is_space);
    const auto expected = decode_plainly(std::string{text}, plus_is_space);
    check(found.has_value() == expected.has_value(), "percent_decode takes or refuses wrongly");
    if (found)
      check_equal(*found, *expected, "percent_decode");
    const auto back = percent_decode(encode_all(text), plus_is_space);
    check(back.has_value(), "encoded text does not decode");
    check_equal(*back, text, "encoded and decoded");
  }
}

std::string outcome_of(const std::optional<std::string>& value) {
  return value ? "value " + *value : "none";
}

std::string find_plainly(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    auto pair = fuzz::take_until(query, '&');
    const auto key = decode_plainly(std::string{fuzz::take_until(pair, '=')}, true);
    if (!key || *key != name)
      continue;
    const auto value = decode_plainly(std::string{pair}, true);
    return value ? outcome_of(value) : "refused";
  }
  return "none";
}

/// "value TEXT", "none" or "refused".
std::string find(const request& what, std::string_view name) {
  try {
    return outcome_of(what.raw_query(name));
  } catch (const error& e) {
    check(e.code() == errc::invalid_argument, "refused with another code");
    return "refused";
  }
}

/// A number, if taken, is what the text says; otherwise the client is told so.
template <class T>
void check_number(const request& what, std::string_view name, const std::string& text) {
  try {
    const auto value = what.query<T>(name);
    if constexpr (std::is_floating_point_v<T>)
      check(value == static_cast<T>(std::strtod(text.c_str(), nullptr)), "another number");
    else
      check(value == static_cast<T>(std::strtoll(text.c_str(), nullptr, 10)), "another integer");
    check(text.find_first_of(" \t\n+x") == std::string::npos || text.find('e') != std::string::npos,
          "a number with something around it");
  } catch (const error& e) {
    check(e.code() == errc::invalid_argument, "refused with another code");
    check(name.find('\0') != std::string_view::npos // what() would end there
              || std::string_view{e.what()}.find(name) != std::string_view::npos,
          "a refusal that does not name the parameter");
  }
}

} // namespace
} // namespace troupe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  auto query = fuzz::text_of(data, size);
  const auto name = std::string{fuzz::take_until(query, '\n')};
  check_decoding(query);

  request what;
  what.path_size = 1;
  what.target = "/?" + std::string{query};
  check_equal(what.path(), "/", "the path");
  check_equal(what.query_string(), query, "the query");
  const auto found = find(what, name);
  check_equal(found, find_plainly(query, name), "the parameter " + name);
  if (!found.starts_with("value "))
    return 0;
  const auto text = found.substr(6);
  check_equal(what.query<std::string>(name), text, "the parameter as text");
  check_number<int>(what, name, text);
  check_number<std::int64_t>(what, name, text);
  check_number<std::uint8_t>(what, name, text);
  check_number<double>(what, name, text);
  return 0;
}
