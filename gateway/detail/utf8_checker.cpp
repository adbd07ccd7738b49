#include "gateway/detail/utf8_checker.hpp"

#include <cstdint>
#include <cstring>

namespace troupe::gateway {

namespace {

/// How many bytes of ASCII stand at the beginning, eight at a time.
std::size_t skip_ascii(std::string_view text) noexcept {
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & 0x8080808080808080U) != 0)
      break;
  }
  return at;
}

} // namespace

bool utf8_checker::add(std::string_view piece) noexcept {
  for (std::size_t at = 0; at < piece.size(); ++at) {
    if (left_ == 0) {
      at += skip_ascii(piece.substr(at));
      if (at == piece.size())
        return true;
      if (!begin_character(static_cast<unsigned char>(piece[at])))
        return false;
      continue;
    }
    const auto byte = static_cast<unsigned char>(piece[at]);
    if (byte < lowest_ || byte > highest_)
      return false;
    lowest_ = 0x80;
    highest_ = 0xbf;
    --left_;
  }
  return true;
}

/// What is overlong, a surrogate or above U+10FFFF shows in the second byte.
bool utf8_checker::begin_character(unsigned char lead) noexcept {
  if (lead < 0x80)
    return true;
  if (lead < 0xc2 || lead > 0xf4)
    return false;
  left_ = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (lead == 0xe0)
    lowest_ = 0xa0;
  else if (lead == 0xed)
    highest_ = 0x9f;
  else if (lead == 0xf0)
    lowest_ = 0x90;
  else if (lead == 0xf4)
    highest_ = 0x8f;
  return true;
}

bool utf8_checker::finish() noexcept {
  const bool whole = left_ == 0;
  *this = {};
  return whole;
}

bool is_utf8(std::string_view text) noexcept {
  utf8_checker checker;
  return checker.add(text) && checker.finish();
}

} // namespace troupe::gateway
