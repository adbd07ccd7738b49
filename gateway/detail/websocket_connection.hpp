#pragma once

#include "actors/detail/event_loop.hpp"
#include "actors/messages/response.hpp"
#include "actors/messages/stream.hpp"
#include "config/settings.hpp"
#include "gateway/detail/transport.hpp"
#include "gateway/detail/websocket_handshake.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::gateway {

/// Who has the connection, and what it hears.
class websocket_owner {
public:
  /// A message; the last one closes: its text is that of a Close frame, code 1006 when the client was lost.
  virtual void on_websocket_part(body_part&& what) = 0;
  /// So many bytes of messages have gone out since the last call.
  virtual void on_websocket_sent(std::uint64_t bytes) = 0;
  /// It has come to its end: close the connection.
  virtual void on_websocket_end() = 0;

protected:
  ~websocket_owner() = default;
};

/// A connection that has become a WebSocket: its frames through Beast, on top of the session's transport.
/// Belongs to one event loop; `close` before its end.
class websocket_connection {
public:
  /// `owner` keeps the transport; a copy of `alive` stays with what is under way.
  websocket_connection(websocket_owner& owner, std::weak_ptr<void> alive, detail::event_loop& loop,
                       transport& on, const config::http_settings& settings);
  websocket_connection(const websocket_connection&) = delete;
  websocket_connection& operator=(const websocket_connection&) = delete;
  ~websocket_connection();

  /// Answers the handshake, with the fields of `head` and `date`.
  void accept(const websocket_handshake& how, const std::string& target, const std::string& host,
              const response& head, std::string_view date);

  /// Sends a message behind those before it; one that closes is the last.
  void send(body_part&& what);
  /// So many more bytes of messages may be handed over.
  void add_credit(std::uint64_t bytes);

  /// Nothing more is heard of it.
  void close();

  /// Bytes that it keeps.
  [[nodiscard]] std::size_t buffered() const noexcept;

private:
  struct stream;

  void read();
  void on_read();
  void set_idle_limit(bool on);
  void write();
  void on_written(bool ok);
  void send_close(std::string_view text);
  void fail(const std::string& close_text);
  void end(std::string_view close_text);
  void arm_write_deadline(std::size_t bytes);
  template <class F>
  auto guarded(F then);

  websocket_owner& owner_;
  std::weak_ptr<void> alive_;
  detail::event_loop& loop_;
  const config::http_settings& settings_;
  std::unique_ptr<stream> stream_;
  std::deque<body_part> queue_; // the first one is being written
  std::size_t queued_ = 0;      // bytes of it
  std::int64_t credit_ = stream_window;
  std::uint64_t uncredited_ = 0; // cost of what has gone out and was not told
  detail::timer write_deadline_;
  bool accepted_ = false;
  bool reading_ = false;
  bool paused_ = false; // no credit
  bool writing_ = false;
  bool told_end_ = false; // to the worker
  bool ended_ = false;
};

} // namespace troupe::gateway
