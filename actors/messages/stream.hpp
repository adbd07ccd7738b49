#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace troupe {

/// Credit, in bytes, that a sender of a body has on its way (`cost_of`) before it hears from the receiver: it sends as
/// long as any of it is left, so one part may go beyond.
inline constexpr std::uint64_t stream_window = 256 * 1024;
/// The receiver gives it back when it has taken so much: the sender has some left then, so none of both
/// waits for the other.
inline constexpr std::uint64_t stream_credit_step = stream_window / 4;
/// Bodies go in parts of at most so many bytes; messages of a WebSocket go whole.
inline constexpr std::size_t stream_part_size = 64 * 1024;

/// How the requests of a route come: with their body, as a stream of parts, as a WebSocket.
enum class route_kind : std::uint8_t { whole = 0, streamed = 1, websocket = 2 };

/// What a part is of.
enum class part_kind : std::uint8_t { body = 0, text = 1, binary = 2, close = 3 };

/// Behind a `call_id`, in either direction: the next part of a body, or a message of a WebSocket.
/// The last one may be empty.
struct body_part {
  part_kind kind = part_kind::body;
  bool last = false;
  std::string data;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, body_part& x) {
    return f(x.kind, x.last, x.data);
  }
};

/// What a part takes of the credit: also an empty message has to be kept somewhere.
inline std::uint64_t cost_of(const body_part& what) noexcept {
  return what.data.size() + 64;
}

/// Behind a `call_id`, against the parts: so many more bytes of them may come.
struct body_credit {
  std::uint64_t bytes = 0;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, body_credit& x) {
    return f(x.bytes);
  }
};

/// The credit with what was given back: never more than the window, whatever the other side says. A message that goes
/// as a whole may have taken much more than that.
inline std::int64_t with_credit(std::int64_t left, std::uint64_t given) noexcept {
  constexpr auto most = static_cast<std::int64_t>(stream_window);
  const auto room = static_cast<std::uint64_t>(most - left);
  return given >= room ? most : left + static_cast<std::int64_t>(given);
}

/// Behind a `call_id` and a request or response without its body: that comes as parts.
struct stream_start {
  static constexpr std::uint64_t unknown = std::numeric_limits<std::uint64_t>::max();
  /// Of the body, in bytes.
  std::uint64_t length = unknown;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, stream_start& x) {
    return f(x.length);
  }
};

/// To the worker that has the request with the `call_id` before it, from who sent that: nobody waits
/// for its answer any more. There is no answer.
struct request_abandoned {
  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, request_abandoned&) {
    return f();
  }
};

} // namespace troupe
