// Input: any text, read as an address, a duration, a size and a configuration file. What is taken
// is written and read again as the same.

#include "config/detail/toml.hpp"
#include "config/endpoint.hpp"
#include "config/units.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

namespace troupe::config {
namespace {

using fuzz::check;
using fuzz::check_equal;

void check_endpoint(std::string_view text) {
  if (const auto read = parse_endpoint(text)) {
    check(parse_endpoint(to_string(*read)) == read, "an address written and read is another one");
    check(!is_loopback(read->host) || !is_any_address(read->host), "loopback and any address");
    check(read->host.find('\0') == std::string::npos, "a NUL in a host");
  }
}

void check_units(std::string_view text) {
  if (const auto read = parse_duration(text)) {
    check(read->count() >= 0, "a negative duration");
    check(parse_duration(format_duration(*read)) == read, "a duration written and read is another");
  }
  if (const auto read = parse_size(text))
    check(parse_size(format_size(*read)) == read, "a size written and read is another");
}

/// A basic string of TOML.
std::string quoted(const std::string& text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out.append("\\u00").append({digits[byte >> 4], digits[byte & 15]});
    else if (c == '"' || c == '\\')
      out.append({'\\', c});
    else
      out.push_back(c);
  }
  return out + "\"";
}

/// The value as TOML writes it.
std::string written(const detail::toml_value& value) {
  if (value.type == detail::toml_type::text)
    return quoted(value.text);
  if (value.type != detail::toml_type::list)
    return value.text;
  std::string out = "[";
  for (const auto& each : value.items)
    out += written(each) + ", ";
  return out + "]";
}

std::string all_of(const detail::toml_document& document) {
  std::string out;
  for (const auto& each : document.entries)
    out += each.section + " | " + each.key + " = " + written(each.value) + "\n";
  return out;
}

void check_toml(std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  try {
    const auto document = detail::read_toml(text);
    std::size_t before = 1;
    for (const auto& each : document.entries) {
      check(each.line >= before && each.line <= lines, "an entry in a line that is not there");
      before = each.line;
      // By itself and at the top level: names of tables may not be told from dots in keys.
      const auto again = detail::read_toml(quoted("k") + " = " + written(each.value) + "\n");
      check_equal(written(again.entries.at(0).value), written(each.value),
                  "a value written and read is another one");
    }
    check_equal(all_of(detail::read_toml(std::string{text} + "\n")), all_of(document),
                "a line end at the end changes what is read");
  } catch (const detail::toml_error& e) {
    check(e.line() >= 1 && e.line() <= lines + 1, "an error in a line that is not there");
    check(!std::string_view{e.what()}.empty(), "an error without a word");
  }
}

} // namespace
} // namespace troupe::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::config;
  const auto text = troupe::fuzz::text_of(data, size);
  check_endpoint(text);
  check_units(text);
  check_toml(text);
  return 0;
}
