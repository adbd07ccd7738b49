#include "gateway/detail/chunked_decoder.hpp"

#include "gateway/detail/characters.hpp"

#include <algorithm>
#include <limits>

namespace troupe::gateway {

namespace {

std::uint64_t hex_value(char c) noexcept {
  if (is_digit(c))
    return static_cast<std::uint64_t>(c - '0');
  return static_cast<std::uint64_t>((c | 0x20) - 'a' + 10);
}

} // namespace

scan_result chunked_decoder::fail(errc code, std::string why) {
  problem_ = {code, std::move(why)};
  return scan_result::failed;
}

scan_result chunked_decoder::fail(std::string_view why) {
  return fail(errc::invalid_argument, std::string{why});
}

scan_result chunked_decoder::go_to(place next) noexcept {
  place_ = next;
  return scan_result::need_more;
}

scan_result chunked_decoder::count(std::size_t bytes) {
  overhead_ += bytes;
  if (overhead_ <= limits_.max_header_bytes)
    return scan_result::need_more;
  return fail(errc::header_too_large, "chunk extensions and trailer are larger than "
                                        + std::to_string(limits_.max_header_bytes) + " bytes");
}

scan_result chunked_decoder::decode(std::string_view bytes, std::size_t& used, std::string& body) {
  std::size_t at = 0;
  auto result = scan_result::need_more;
  while (at < bytes.size() && result == scan_result::need_more) {
    if (place_ == place::data)
      result = copy_data(bytes, at, body);
    else if (place_ == place::trailer)
      result = scan_trailer(bytes, at);
    else
      result = on_byte(bytes[at++]);
  }
  used += at;
  return result;
}

scan_result chunked_decoder::on_byte(char c) {
  switch (place_) {
  case place::size_begin:
  case place::size: return on_size(c);
  case place::line_end: return on_line_end(c);
  case place::data_cr:
    return c == '\r' ? go_to(place::data_lf) : fail("a chunk is longer than its size says");
  case place::data_lf:
    return c == '\n' ? go_to(place::size_begin) : fail("a CR without LF behind a chunk");
  case place::semicolon:
  case place::name_begin:
  case place::name:
  case place::equals_sign:
  case place::value_begin:
  case place::value:
  case place::quoted:
  case place::escaped:
  case place::quoted_end: {
    const auto counted = count(1);
    return counted == scan_result::need_more ? on_extension(c) : counted;
  }
  case place::data:
  case place::trailer: break; // not byte by byte
  }
  return scan_result::need_more;
}

scan_result chunked_decoder::on_size(char c) {
  if (is(hex_digit, c)) {
    const bool leading_zero = place_ == place::size && left_ == 0;
    if (place_ == place::size_begin)
      left_ = 0;
    if (left_ > std::numeric_limits<std::uint64_t>::max() / 16)
      return fail("a chunk size that is too large for any number");
    left_ = left_ * 16 + hex_value(c);
    place_ = place::size;
    return leading_zero ? count(1) : scan_result::need_more;
  }
  if (place_ == place::size_begin)
    return fail("a chunk size that is no hexadecimal number");
  return begin_part(c);
}

/// Behind a size or an extension: what may come next.
scan_result chunked_decoder::begin_part(char c) {
  if (c == '\r')
    return go_to(place::line_end);
  if (c == ';')
    return go_to(place::name_begin);
  if (is_blank(c))
    return go_to(place::semicolon);
  return fail(c == '\n' ? "a chunk's line that ends with LF alone"
                        : "a chunk size or extension with a character that it cannot have");
}

scan_result chunked_decoder::on_extension(char c) {
  switch (place_) {
  case place::semicolon:
    if (is_blank(c))
      return scan_result::need_more;
    return c == ';' ? go_to(place::name_begin) : fail("white space in a chunk size or behind it");
  case place::name_begin:
    if (is_blank(c))
      return scan_result::need_more;
    return is(token_char, c) ? go_to(place::name) : fail("a chunk extension without a name");
  case place::name:
    if (is(token_char, c))
      return scan_result::need_more;
    if (c == '=')
      return go_to(place::value_begin);
    return is_blank(c) ? go_to(place::equals_sign) : begin_part(c);
  case place::equals_sign:
    if (is_blank(c))
      return scan_result::need_more;
    if (c == '=')
      return go_to(place::value_begin);
    return c == ';' ? go_to(place::name_begin) : fail("white space behind a chunk extension");
  case place::value_begin:
    if (is_blank(c))
      return scan_result::need_more;
    if (c == '"')
      return go_to(place::quoted);
    return is(token_char, c) ? go_to(place::value) : fail("a chunk extension without a value");
  case place::value: return is(token_char, c) ? scan_result::need_more : begin_part(c);
  case place::quoted:
    if (c == '"')
      return go_to(place::quoted_end);
    if (c == '\\')
      return go_to(place::escaped);
    return is(quoted_char, c) ? scan_result::need_more
                              : fail("a control character in a chunk extension");
  case place::escaped:
    return is(value_char, c) ? go_to(place::quoted)
                             : fail("a control character in a chunk extension");
  case place::quoted_end: return begin_part(c);
  case place::size_begin:
  case place::size:
  case place::line_end:
  case place::data:
  case place::data_cr:
  case place::data_lf:
  case place::trailer: break; // no places within an extension
  }
  return scan_result::need_more;
}

scan_result chunked_decoder::on_line_end(char c) {
  if (c != '\n')
    return fail("a CR without LF behind a chunk size");
  if (left_ == 0)
    return go_to(place::trailer);
  if (left_ > max_body_ - announced_)
    return fail(errc::payload_too_large,
                "the body is larger than " + std::to_string(max_body_) + " bytes");
  announced_ += left_;
  return go_to(place::data);
}

scan_result chunked_decoder::copy_data(std::string_view bytes, std::size_t& at, std::string& body) {
  const auto size = std::min<std::uint64_t>(left_, bytes.size() - at);
  body.append(bytes, at, size);
  at += size;
  left_ -= size;
  return left_ == 0 ? go_to(place::data_cr) : scan_result::need_more;
}

scan_result chunked_decoder::scan_trailer(std::string_view bytes, std::size_t& at) {
  // The empty line at the end is no overhead: two bytes of room more.
  const auto room = limits_.max_header_bytes + 2 - overhead_;
  const auto within_limit = bytes.substr(0, at + std::min(room, bytes.size() - at));
  const auto begin = at;
  const auto result = trailer_.scan(within_limit, at);
  overhead_ += at - begin;
  if (result == scan_result::failed)
    return fail(trailer_.problem());
  if (result == scan_result::need_more && within_limit.size() < bytes.size())
    return fail(errc::header_too_large, "chunk extensions and trailer are larger than "
                                          + std::to_string(limits_.max_header_bytes) + " bytes");
  return result;
}

} // namespace troupe::gateway
