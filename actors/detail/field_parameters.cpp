#include "actors/detail/field_parameters.hpp"

#include "actors/messages/header_list.hpp"

#include <algorithm>

namespace troupe::detail {

namespace {

bool is_token_char(char c) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
         || marks.find(c) != std::string_view::npos;
}

bool is_control(char c) noexcept {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
}

/// Takes the longest token off the front.
std::string_view take_token(std::string_view& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_token_char);
  const auto out = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(out.size());
  return out;
}

/// Takes a quoted text, whose first quote has been taken, off the front.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string out;
  while (!rest.empty()) {
    const auto c = rest.front();
    rest.remove_prefix(1);
    if (c == '"')
      return out;
    if (is_control(c))
      return std::nullopt;
    if (c == '\\' && (rest.starts_with('"') || rest.starts_with('\\'))) {
      out.push_back(rest.front());
      rest.remove_prefix(1);
    } else {
      out.push_back(c);
    }
  }
  return std::nullopt; // no end
}

std::optional<std::string> take_value(std::string_view& rest) {
  if (rest.starts_with('"')) {
    rest.remove_prefix(1);
    return take_quoted(rest);
  }
  const auto token = take_token(rest);
  return token.empty() ? std::nullopt : std::optional{std::string{token}};
}

} // namespace

const std::string* field_with_parameters::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters)
    if (equals_ignore_case(key, name))
      return &value;
  return nullptr;
}

std::optional<field_with_parameters> parse_field_with_parameters(std::string_view text) {
  field_with_parameters out;
  const auto end = std::min(text.find(';'), text.size());
  out.word = without_blanks(text.substr(0, end));
  auto rest = text.substr(end);
  while (!rest.empty()) {
    if (rest.front() != ';')
      return std::nullopt;
    rest = without_blanks(rest.substr(1));
    if (rest.empty() || rest.front() == ';')
      continue;
    const auto name = take_token(rest);
    if (name.empty() || !rest.starts_with('=') || out.find(name) != nullptr
        || out.parameters.size() == most_field_parameters)
      return std::nullopt;
    rest.remove_prefix(1);
    auto value = take_value(rest);
    if (!value)
      return std::nullopt;
    out.parameters.emplace_back(name, std::move(*value));
    rest = without_blanks(rest);
  }
  return out;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

std::string_view without_blanks(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

} // namespace troupe::detail
