#pragma once

#include "gateway/detail/websocket_extensions.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// The messages of a client that compresses them, RFC 7692. However their bytes are cut, the same comes of them.
class websocket_inflater {
public:
  enum class outcome { good, invalid, too_big };

  explicit websocket_inflater(const deflate_terms& terms);
  websocket_inflater(const websocket_inflater&) = delete;
  websocket_inflater& operator=(const websocket_inflater&) = delete;
  ~websocket_inflater();

  /// Appends to `message`, where the others of its pieces are, what `piece` stands for. `too_big`: it is
  /// longer than `most` now, by a byte. After any outcome but `good` nothing more may be added.
  outcome add(std::string_view piece, std::string& message, std::size_t most);
  /// Behind the last piece: the rest of the message.
  outcome finish(std::string& message, std::size_t most);

private:
  struct stream;

  outcome run(std::string_view piece, std::string& message, std::size_t most);
  bool begin_anew(unsigned bits_behind);

  std::unique_ptr<stream> stream_; // null: nothing has come yet
  bool forgets_;
  char last_taken_ = 0; // byte
};

/// The other direction.
class websocket_deflater {
public:
  explicit websocket_deflater(const deflate_terms& terms);
  websocket_deflater(const websocket_deflater&) = delete;
  websocket_deflater& operator=(const websocket_deflater&) = delete;
  ~websocket_deflater();

  /// Appends to `out` what of the message can go out with this piece: perhaps nothing, unless it is the last.
  /// REQUIRES: that is not empty.
  void add(std::string_view piece, bool last, std::string& out);

private:
  struct stream;

  std::unique_ptr<stream> stream_; // null: nothing has gone yet
  int bits_;
  bool forgets_;
};

} // namespace troupe::gateway
