#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::gateway {

/// The classes of RFC 9110 and RFC 3986 that a byte may be in.
enum character_class : std::uint8_t {
  token_char = 1,   ///< of methods, field names, options (RFC 9110, 5.6.2)
  value_char = 2,   ///< of field values: visible, space, tab, obs-text (RFC 9110, 5.5)
  target_char = 4,  ///< of request targets, see below
  hex_digit = 8,    ///< 0 to 9, A to F, a to f
  host_char = 16,   ///< of names of hosts, without the % of an escape (RFC 3986, 3.2.2)
  quoted_char = 32, ///< between double quotes, without escapes (RFC 9110, 5.6.4)
};

namespace characters {

constexpr bool is_alphanumeric(int c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

constexpr std::array<std::uint8_t, 256> classify() noexcept {
  constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";
  constexpr std::string_view host_marks = "-._~!$&'()*+,;=";
  // Browsers send some marks that RFC 3986 would have escaped, such as | and {: they are taken.
  // These are not: a fragment's beginning, and what ends a URI in text around it.
  constexpr std::string_view no_target_marks = "\"#<>";
  std::array<std::uint8_t, 256> out{};
  for (int c = 0; c < 256; ++c) {
    const auto is_among = [c](std::string_view marks) {
      return c < 0x80 && marks.find(static_cast<char>(c)) != std::string_view::npos;
    };
    const bool visible = c > 0x20 && c < 0x7f;
    const bool in_value = visible || c == ' ' || c == '\t' || c >= 0x80;
    unsigned classes = 0;
    classes |= is_alphanumeric(c) || is_among(token_marks) ? token_char : 0U;
    classes |= in_value ? value_char : 0U;
    classes |= in_value && c != '"' && c != '\\' ? quoted_char : 0U;
    classes |= visible && !is_among(no_target_marks) ? target_char : 0U;
    classes |= is_alphanumeric(c) && (c <= 'F' || (c >= 'a' && c <= 'f')) ? hex_digit : 0U;
    classes |= is_alphanumeric(c) || is_among(host_marks) ? host_char : 0U;
    out[static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(classes);
  }
  return out;
}

inline constexpr std::array<std::uint8_t, 256> classes_of = classify();

} // namespace characters

constexpr bool is(character_class wanted, char c) noexcept {
  return (characters::classes_of[static_cast<unsigned char>(c)] & wanted) != 0;
}

/// Behind those from `at` on that are of the class.
constexpr std::size_t skip(character_class wanted, std::string_view bytes,
                           std::size_t at) noexcept {
  while (at < bytes.size() && is(wanted, bytes[at]))
    ++at;
  return at;
}

constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && skip(token_char, text, 0) == text.size();
}

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Space or tab: the white space that may stand around values.
constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

/// What is left without the blanks at both ends.
constexpr std::string_view without_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

} // namespace troupe::gateway
