#include "actors/detail/multipart_head.hpp"

#include "actors/detail/field_parameters.hpp"
#include "actors/messages/header_list.hpp"
#include "actors/messages/quoted.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::detail {

namespace {

std::string decode_browser_escapes(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 3> escapes{
    {{"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}}};
  std::string out;
  while (!text.empty()) {
    const auto found = std::ranges::find_if(escapes, [&](const auto& each) {
      return equals_ignore_case(text.substr(0, each.first.size()), each.first);
    });
    const bool is_escape = found != escapes.end();
    out.push_back(is_escape ? found->second : text.front());
    text.remove_prefix(is_escape ? found->first.size() : 1);
  }
  return out;
}

/// Whether the value of Content-Transfer-Encoding says that nothing is encoded.
bool is_plain(std::string_view encoding) {
  return equals_ignore_case(encoding, "binary") || equals_ignore_case(encoding, "8bit")
         || equals_ignore_case(encoding, "7bit");
}

bool is_value_char(char c) {
  return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
}

} // namespace

std::optional<std::string> multipart_head::add(std::string_view line) {
  const auto colon = std::min(line.find(':'), line.size());
  const auto name = line.substr(0, colon);
  if (colon == line.size() || !is_token(name) || !std::ranges::all_of(line, is_value_char))
    return "its head has the line " + quoted(line) + ", expected NAME: VALUE";
  const auto value = without_blanks(line.substr(colon + 1));
  if (equals_ignore_case(name, "Content-Disposition"))
    return read_disposition(value);
  if (equals_ignore_case(name, "Content-Type")) {
    if (std::exchange(has_type_, true))
      return "Content-Type stands there twice";
    part_.content_type = value;
  } else if (equals_ignore_case(name, "Content-Transfer-Encoding") && !is_plain(value)) {
    return "Content-Transfer-Encoding is " + quoted(value) + ", expected binary";
  }
  return std::nullopt; // others are to be ignored (RFC 7578, 4.8)
}

std::optional<std::string> multipart_head::read_disposition(std::string_view value) {
  if (std::exchange(has_disposition_, true))
    return "Content-Disposition stands there twice";
  const auto parsed = parse_field_with_parameters(value);
  const auto* name = parsed ? parsed->find("name") : nullptr;
  if (name == nullptr || !equals_ignore_case(parsed->word, "form-data"))
    return "Content-Disposition is " + quoted(value) + ", expected form-data; name=\"...\"";
  part_.name = decode_browser_escapes(*name);
  if (const auto* filename = parsed->find("filename"))
    part_.filename = decode_browser_escapes(*filename);
  return std::nullopt;
}

std::optional<std::string> multipart_head::finish() const {
  return has_disposition_ ? std::nullopt
                          : std::optional<std::string>{"it has no Content-Disposition"};
}

} // namespace troupe::detail
