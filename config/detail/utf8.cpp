#include "config/detail/utf8.hpp"

namespace troupe::config::detail {
namespace {

bool is_code_point(char32_t code_point) {
  return code_point <= 0x10ffff && !(code_point >= 0xd800 && code_point <= 0xdfff);
}

std::size_t length_from_lead_byte(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

} // namespace

std::size_t character_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto lead = static_cast<unsigned char>(text.front());
  const auto length = length_from_lead_byte(lead);
  if (length < 2) return length;
  if (text.size() < length) return 0;
  auto code_point = static_cast<char32_t>(lead & (0xffU >> (length + 1)));
  for (const char c : text.substr(1, length - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) != 0x80U) return 0;
    code_point = (code_point << 6U) | (byte & 0x3fU);
  }
  const bool is_overlong =
      (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
  return is_code_point(code_point) && !is_overlong ? length : 0;
}

bool append_character(std::string& text, char32_t code_point) {
  if (!is_code_point(code_point)) return false;
  const auto tail = [&](unsigned shift) {
    return static_cast<char>(0x80U | ((code_point >> shift) & 0x3fU));
  };
  if (code_point < 0x80)
    text += static_cast<char>(code_point);
  else if (code_point < 0x800)
    text += {static_cast<char>(0xc0U | (code_point >> 6U)), tail(0)};
  else if (code_point < 0x10000)
    text += {static_cast<char>(0xe0U | (code_point >> 12U)), tail(6), tail(0)};
  else
    text += {static_cast<char>(0xf0U | (code_point >> 18U)), tail(12), tail(6), tail(0)};
  return true;
}

} // namespace troupe::config::detail
