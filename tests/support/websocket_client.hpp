#pragma once

#include "tests/support/http_connection.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::test {

/// A frame of RFC 6455 as it goes over the wire.
struct websocket_frame {
  unsigned opcode = 1;
  std::string data;
  bool last = true;
  bool masked = true; // as a client must
  unsigned reserved = 0;

  friend bool operator==(const websocket_frame&, const websocket_frame&) = default;
};

std::string frame_bytes(const websocket_frame& what);

inline constexpr unsigned opcode_more = 0, opcode_text = 1, opcode_binary = 2, opcode_close = 8,
                          opcode_ping = 9, opcode_pong = 10;

/// The bytes of a GET that asks for a WebSocket; `headers` are added, and one with the name of a field of
/// the handshake takes its place, or takes it away when its value is empty.
std::string handshake(std::string_view target,
                      const std::vector<std::pair<std::string, std::string>>& headers = {});

/// A WebSocket by hand: sends what it is told, right or wrong.
class websocket_client {
public:
  using fields = std::vector<std::pair<std::string, std::string>>;
  /// Connects and asks for the WebSocket; `headers` as in `handshake`.
  websocket_client(std::uint16_t port, std::string_view target, const fields& headers = {})
    : websocket_client(http_connection{port}, target, headers) {}
  /// On a connection that nothing was sent on.
  websocket_client(http_connection on, std::string_view target, const fields& headers = {});

  /// The answer to the handshake.
  [[nodiscard]] const http_response& answer() const noexcept { return answer_; }
  [[nodiscard]] http_connection& connection() noexcept { return connection_; }

  void send(const websocket_frame& what);
  /// A whole message.
  void send_text(std::string_view text) { send({opcode_text, std::string{text}}); }
  void send_close(std::uint16_t code);

  /// The next frame.
  websocket_frame read();
  /// The code of the next frame, which closes; 0: it has none, -1: it is another frame.
  int read_close();

private:
  http_connection connection_;
  http_response answer_;
};

/// "\x03\xe8" for 1000.
std::string close_data(std::uint16_t code);

} // namespace troupe::test
