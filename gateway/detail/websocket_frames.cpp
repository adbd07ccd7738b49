#include "gateway/detail/websocket_frames.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe::gateway {

namespace {

// A head, RFC 6455, 5.2: its first byte, its second, and which of its short sizes say that a longer follows.
constexpr unsigned last_bit = 0x80, deflated_bit = 0x40, reserved_bits = 0x70, opcode_bits = 0x0f;
constexpr unsigned masked_bit = 0x80, size_bits = 0x7f;
constexpr unsigned size_of_16 = 126, size_of_64 = 127;

/// A few bytes may say a lot that is compressed: so many are looked at before it is seen what came of them.
constexpr std::size_t deflated_step = 1024;
/// So much text may have come of them before it is another connection's turn.
constexpr std::size_t inflated_share = 64 * 1024;

std::uint64_t to_number(std::string_view bytes) noexcept {
  std::uint64_t out = 0;
  for (const char c : bytes)
    out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

std::size_t bytes_of_size(unsigned second) noexcept {
  const unsigned shortly = second & size_bits;
  return shortly == size_of_16 ? 2 : shortly == size_of_64 ? 8 : 0;
}

/// In a Close frame of a client: those of RFC 6455, 7.4, that are defined and may be sent, and those that
/// are left to libraries and applications.
bool is_close_code(std::uint64_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

} // namespace

void append_frame_head(std::string& out, const frame_head& head, std::size_t size) {
  const auto append_number = [&](unsigned bytes) {
    for (unsigned i = bytes; i > 0; --i)
      out.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * (i - 1)) & 0xff));
  };
  out.push_back(static_cast<char>(static_cast<unsigned>(head.code) | (head.last ? last_bit : 0)
                                  | (head.deflated ? deflated_bit : 0)));
  if (size < size_of_16)
    return append_number(1);
  const bool is_long = size > 0xffff;
  out.push_back(static_cast<char>(is_long ? size_of_64 : size_of_16));
  append_number(is_long ? 8 : 2);
}

auto websocket_reader::read(std::span<char>& bytes) -> found {
  std::size_t inflated = 0;
  while (failure_ == close_code::none) {
    if (!in_payload_ && !read_head(bytes))
      break;
    if (left_ > 0) {
      if (bytes.empty() || inflated >= inflated_share)
        return found::nothing;
      const auto before = message_.size();
      if (!take_payload(bytes))
        break;
      inflated += deflated_ ? message_.size() - before : 0;
    }
    if (left_ > 0)
      continue;
    in_payload_ = false;
    if (const auto out = end_frame(); out != found::nothing)
      return out;
  }
  return failure_ == close_code::none ? found::nothing : found::failure;
}

body_part websocket_reader::take_message() {
  return {is_text_ ? part_kind::text : part_kind::binary, false, std::exchange(message_, {})};
}

// -- heads ------------------------------------------------------------------------------------------

/// Whether there are so many bytes of the head now.
bool websocket_reader::fill_head(std::span<char>& bytes, std::size_t size) {
  const auto taken = std::min(bytes.size(), size - std::min(size, head_size_));
  std::copy_n(bytes.begin(), taken, head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
  bytes = bytes.subspan(taken);
  head_size_ += taken;
  return head_size_ >= size;
}

bool websocket_reader::read_head(std::span<char>& bytes) {
  if (!fill_head(bytes, 2))
    return false;
  const auto first = static_cast<unsigned char>(head_[0]), second = static_cast<unsigned char>(head_[1]);
  if (!allows(first, second))
    return fail(close_code::protocol_error);
  const auto size_bytes = bytes_of_size(second);
  if (!fill_head(bytes, 2 + size_bytes + mask_.size()))
    return false;
  head_size_ = 0;
  code_ = static_cast<opcode>(first & opcode_bits);
  last_ = (first & last_bit) != 0;
  if (!is_control() && code_ != opcode::more) {
    in_message_ = true;
    is_text_ = code_ == opcode::text;
    deflated_ = (first & deflated_bit) != 0;
  }
  return begin_frame(size_bytes);
}

bool websocket_reader::allows(unsigned first, unsigned second) const noexcept {
  const auto code = static_cast<opcode>(first & opcode_bits);
  const bool starts_message = code == opcode::text || code == opcode::binary;
  const auto reserved = first & reserved_bits;
  if ((second & masked_bit) == 0)
    return false;
  if (reserved != 0 && (reserved != deflated_bit || !inflater_ || !starts_message))
    return false;
  if (code >= opcode::close)
    return code <= opcode::pong && (first & last_bit) != 0 && (second & size_bits) <= longest_control;
  return code <= opcode::binary && starts_message != in_message_;
}

bool websocket_reader::begin_frame(std::size_t size_bytes) {
  const std::string_view head{head_.data(), head_.size()};
  left_ = size_bytes == 0 ? static_cast<unsigned char>(head[1]) & size_bits : to_number(head.substr(2, size_bytes));
  head.copy(mask_.data(), mask_.size(), 2 + size_bytes);
  mask_at_ = 0;
  in_payload_ = true;
  // In the fewest bytes, and the highest bit is none of a size.
  if ((size_bytes == 2 && left_ < size_of_16) || (size_bytes == 8 && (left_ <= 0xffff || left_ >> 63 != 0)))
    return fail(close_code::protocol_error);
  if (is_control())
    control_size_ = 0;
  else if (!deflated_ && left_ > longest_ - message_.size())
    return fail(close_code::message_too_big);
  return true;
}

// -- payloads ---------------------------------------------------------------------------------------

bool websocket_reader::take_payload(std::span<char>& bytes) {
  auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_));
  if (deflated_ && !is_control())
    size = std::min(size, deflated_step);
  const auto piece = bytes.first(size);
  bytes = bytes.subspan(size);
  left_ -= size;
  unmask(piece);
  return add({piece.data(), piece.size()});
}

void websocket_reader::unmask(std::span<char> bytes) noexcept {
  std::array<char, 8> mask{};
  for (unsigned i = 0; i < mask.size(); ++i)
    mask[i] = mask_[(mask_at_ + i) % mask_.size()];
  mask_at_ = (mask_at_ + static_cast<unsigned>(bytes.size() % mask_.size())) % mask_.size();
  std::uint64_t eight_of_mask = 0;
  std::memcpy(&eight_of_mask, mask.data(), mask.size());
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof eight <= bytes.size(); at += sizeof eight) {
    std::memcpy(&eight, bytes.data() + at, sizeof eight);
    eight ^= eight_of_mask;
    std::memcpy(bytes.data() + at, &eight, sizeof eight);
  }
  for (; at < bytes.size(); ++at)
    bytes[at] = static_cast<char>(bytes[at] ^ mask[at % mask.size()]);
}

bool websocket_reader::add(std::string_view piece) {
  if (is_control()) {
    piece.copy(control_.data() + control_size_, piece.size());
    control_size_ += piece.size();
    return true;
  }
  const auto before = message_.size();
  if (!deflated_)
    message_.append(piece);
  else if (!check(inflater_->add(piece, message_, longest_)))
    return false;
  return !is_text_ || text_.add(std::string_view{message_}.substr(before))
         || fail(close_code::invalid_payload);
}

auto websocket_reader::end_frame() -> found {
  switch (code_) {
  case opcode::ping: return found::ping;
  case opcode::pong: return found::nothing;
  case opcode::close: return may_close() || fail(close_code::protocol_error) ? found::close : found::failure;
  case opcode::more:
  case opcode::text:
  case opcode::binary: break;
  }
  if (!last_)
    return found::nothing;
  in_message_ = false;
  return end_message() ? found::message : found::failure;
}

bool websocket_reader::end_message() {
  const auto before = message_.size();
  if (deflated_ && !check(inflater_->finish(message_, longest_)))
    return false;
  return !is_text_ || (text_.add(std::string_view{message_}.substr(before)) && text_.finish())
         || fail(close_code::invalid_payload);
}

bool websocket_reader::may_close() const noexcept {
  const auto data = control();
  return data.empty()
         || (data.size() >= 2 && is_close_code(to_number(data.substr(0, 2))) && is_utf8(data.substr(2)));
}

/// False, for who returns it.
bool websocket_reader::fail(close_code why) noexcept {
  failure_ = why;
  std::string{}.swap(message_);
  return false;
}

bool websocket_reader::check(websocket_inflater::outcome what) noexcept {
  switch (what) {
  case websocket_inflater::outcome::good: return true;
  case websocket_inflater::outcome::invalid: return fail(close_code::invalid_payload);
  case websocket_inflater::outcome::too_big: return fail(close_code::message_too_big);
  }
  return false;
}

} // namespace troupe::gateway
