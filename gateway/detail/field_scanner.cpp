#include "gateway/detail/field_scanner.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstring>

namespace troupe::gateway {

// Values are most of a head, so 16 bytes are looked at together where that is possible.
std::size_t skip_value(std::string_view bytes, std::size_t at) noexcept {
#ifdef __SSE2__
  for (; bytes.size() - at >= 16; at += 16) {
    __m128i block;
    std::memcpy(&block, bytes.data() + at, sizeof(block));
    const auto is_control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    const auto is_tab = _mm_cmpeq_epi8(block, _mm_set1_epi8('\t'));
    const auto is_delete = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
    const auto wrong = _mm_or_si128(_mm_andnot_si128(is_tab, is_control), is_delete);
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(wrong)); mask != 0)
      return at + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  return skip(value_char, bytes, at);
}

scan_result field_scanner::fail(std::string_view why) noexcept {
  problem_ = why;
  return scan_result::failed;
}

std::string_view field_scanner::fault_in_name(char c) noexcept {
  if (is_blank(c))
    return "white space before the colon of a header field";
  if (c == '\r' || c == '\n')
    return "a header field without a colon";
  return "a header field's name has a character that names cannot have";
}

scan_result field_scanner::scan(std::string_view bytes, std::size_t& at) noexcept {
  while (at < bytes.size()) {
    switch (place_) {
    case place::line_start:
      if (bytes[at] == '\r') {
        place_ = place::last_line_end;
        ++at;
        break;
      }
      if (is_blank(bytes[at]))
        return fail("a header field that goes on in the next line, or white space before it");
      if (!is(token_char, bytes[at]))
        return fail("a line that begins as no header field does");
      ++fields_;
      place_ = place::name;
      [[fallthrough]];
    case place::name:
      at = skip(token_char, bytes, at);
      if (at == bytes.size())
        break;
      if (bytes[at] != ':')
        return fail(fault_in_name(bytes[at]));
      ++at;
      place_ = place::value;
      [[fallthrough]];
    case place::value:
      at = skip_value(bytes, at);
      if (at == bytes.size())
        break;
      if (bytes[at] != '\r')
        return fail(bytes[at] == '\n' ? "a line that ends with LF alone"
                                      : "a control character in a header field");
      ++at;
      place_ = place::line_end;
      break;
    case place::line_end:
    case place::last_line_end:
      if (bytes[at] != '\n')
        return fail("a CR without LF");
      ++at;
      if (place_ == place::last_line_end)
        return scan_result::complete;
      place_ = place::line_start;
      break;
    }
  }
  return scan_result::need_more;
}

} // namespace troupe::gateway
