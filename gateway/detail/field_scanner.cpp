#include "gateway/detail/field_scanner.hpp"

#include "gateway/detail/characters.hpp"

namespace troupe::gateway {

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
      place_ = place::name;
      break;
    case place::name:
      while (at < bytes.size() && is(token_char, bytes[at]))
        ++at;
      if (at == bytes.size())
        break;
      if (bytes[at] != ':')
        return fail(fault_in_name(bytes[at]));
      ++at;
      place_ = place::value;
      break;
    case place::value:
      while (at < bytes.size() && is(value_char, bytes[at]))
        ++at;
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
