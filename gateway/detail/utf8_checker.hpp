#pragma once

#include <string_view>

namespace troupe::gateway {

/// Whether a text that comes in pieces is UTF-8 (RFC 3629), told at the first byte that cannot stand there.
class utf8_checker {
public:
  /// What follows on the pieces before. False: no text goes on like this.
  [[nodiscard]] bool add(std::string_view piece) noexcept;
  /// The text may end here. The next piece begins another one.
  [[nodiscard]] bool finish() noexcept;

private:
  bool begin_character(unsigned char lead) noexcept;

  unsigned left_ = 0; // bytes of the character that has begun
  unsigned char lowest_ = 0x80; // that the next of them may be
  unsigned char highest_ = 0xbf;
};

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

} // namespace troupe::gateway
