#pragma once

#include "actors/detail/stream_ends.hpp"
#include "actors/task.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Numbers of RFC 6455, 7.4.1, with which a WebSocket is closed.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  none = 1005,     ///< the client gave none; never sent
  abnormal = 1006, ///< the connection was lost; never sent
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  internal_error = 1011,
  try_again_later = 1013,
};

struct websocket_message {
  bool binary = false;
  /// UTF-8, checked, when it is text.
  std::string data;
};

namespace detail {
class websocket_link;
} // namespace detail

/// One WebSocket, for a handler that takes one behind the request:
///
///     task<void> echo(context&, const request&, websocket socket) {
///       while (auto message = co_await socket.receive())
///         co_await socket.send(std::move(message->data));
///     }
///
/// The first use of it answers the client with 101; an `error` that is thrown before is an ordinary
/// answer, 401 for one. The end of the handler closes the socket. Messages come and go in order, each at
/// most http.max_websocket_message large; at most 256 KiB and one message wait in either direction, then
/// the client, or `send`, is held up. Pings are answered and sent by the gateway. For the actor's loop;
/// copies name the same socket, so that other coroutines of the actor may send.
class websocket {
public:
  explicit websocket(std::shared_ptr<detail::websocket_link> link) : link_(std::move(link)) {}

  /// Answers the client with 101, and with this one of the protocols that it has offered. Once, and
  /// before anything else.
  void accept(std::string_view protocol = {});

  /// The next message; none when the socket is closed, by either side, or lost.
  [[nodiscard]] task<std::optional<websocket_message>> receive();

  /// Goes on when the message is on its way and more may follow. error{unavailable} when the socket is
  /// closed.
  [[nodiscard]] task<void> send(std::string text);
  [[nodiscard]] task<void> send_binary(std::string data);

  /// Nothing can be sent behind it. `reason`: at most 123 bytes of UTF-8.
  void close(close_code code = close_code::normal, std::string_view reason = {});

  /// Why `receive` has given none.
  [[nodiscard]] close_code code() const noexcept;
  [[nodiscard]] const std::string& reason() const noexcept;

private:
  std::shared_ptr<detail::websocket_link> link_;
};

} // namespace troupe
