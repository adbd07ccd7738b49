#pragma once

#include "actors/messages/stream.hpp"
#include "actors/websocket.hpp"
#include "gateway/detail/utf8_checker.hpp"
#include "gateway/detail/websocket_deflate.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// RFC 6455, 5.2.
enum class opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

inline constexpr std::size_t longest_control = 125; ///< bytes that a control frame has

struct frame_head {
  opcode code = opcode::text;
  bool last = true;      // of its message
  bool deflated = false; // the message of which it is the first
};

/// Appends the head of a frame as a server sends it; so many bytes follow.
void append_frame_head(std::string& out, const frame_head& head, std::size_t size);

/// Reads what a client sends behind its handshake: pure, however its bytes are cut. Puts messages together, keeps
/// what control frames have, and refuses what RFC 6455 and RFC 7692 forbid at the first byte that shows it.
class websocket_reader {
public:
  enum class found {
    nothing, ///< so far; or, where bytes are left, only that others should have their turn
    message, ///< for `take_message`
    ping,    ///< `control` is for its pong
    close,   ///< `control` is empty, or a code in two bytes that may be sent, and a reason in UTF-8
    failure, ///< `failed_with`; nothing more can be read
  };

  explicit websocket_reader(std::size_t longest_message) : longest_(longest_message) {}

  /// Messages may be compressed so. REQUIRES: none has begun.
  void inflate(const deflate_terms& terms) { inflater_.emplace(terms); }

  /// Takes bytes from the front, which it changes, up to the first thing that is found.
  found read(std::span<char>& bytes);

  [[nodiscard]] body_part take_message();
  /// Until the next call of `read`.
  [[nodiscard]] std::string_view control() const noexcept { return {control_.data(), control_size_}; }
  [[nodiscard]] close_code failed_with() const noexcept { return failure_; }

  /// What is missing of the frame that has begun, by its head.
  [[nodiscard]] std::uint64_t expected() const noexcept { return left_; }
  /// Bytes of a message that has not come to its end.
  [[nodiscard]] std::size_t buffered() const noexcept { return message_.capacity(); }

private:
  static constexpr std::size_t longest_head = 14;

  bool fill_head(std::span<char>& bytes, std::size_t size);
  bool read_head(std::span<char>& bytes);
  [[nodiscard]] bool allows(unsigned first, unsigned second) const noexcept;
  bool begin_frame(std::size_t size_bytes);
  [[nodiscard]] bool is_control() const noexcept { return code_ >= opcode::close; }
  bool take_payload(std::span<char>& bytes);
  void unmask(std::span<char> bytes) noexcept;
  bool add(std::string_view piece);
  found end_frame();
  bool end_message();
  [[nodiscard]] bool may_close() const noexcept;
  bool fail(close_code why) noexcept;
  bool check(websocket_inflater::outcome what) noexcept;

  std::size_t longest_;
  std::optional<websocket_inflater> inflater_; // none: nothing is compressed

  std::array<char, longest_head> head_{};
  std::size_t head_size_ = 0;
  bool in_payload_ = false; // of the frame that these tell of
  opcode code_ = opcode::more;
  bool last_ = false;
  std::uint64_t left_ = 0;
  std::array<char, 4> mask_{};
  unsigned mask_at_ = 0;

  std::array<char, longest_control> control_{};
  std::size_t control_size_ = 0;

  std::string message_;
  bool in_message_ = false;
  bool is_text_ = false;
  bool deflated_ = false;
  utf8_checker text_;
  close_code failure_ = close_code::none;
};

} // namespace troupe::gateway
