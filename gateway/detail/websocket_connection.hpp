#pragma once

#include "actors/detail/event_loop.hpp"
#include "actors/messages/response.hpp"
#include "actors/messages/stream.hpp"
#include "config/settings.hpp"
#include "gateway/detail/transport.hpp"
#include "gateway/detail/websocket_deflate.hpp"
#include "gateway/detail/websocket_frames.hpp"
#include "gateway/detail/websocket_handshake.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
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

/// A connection that has become a WebSocket, on top of the session's transport. Belongs to one event loop;
/// `close` before its end.
///
///     accepting --101 written--> open --client closes--> answered --Close written--> end
///                                open --`send` closes--> closing --client's Close--> end
///                                open --client breaks a rule--> failed, what still arrives is dropped
///                                                           --end of stream--> end
///
/// It also ends at once when the client is lost or silent, and some seconds after its own Close frame.
class websocket_connection {
public:
  /// `owner` keeps the transport, which has become Asio's; a copy of `alive` stays with what is under way.
  websocket_connection(websocket_owner& owner, std::weak_ptr<void> alive, detail::event_loop& loop,
                       transport& on, const config::http_settings& settings);
  websocket_connection(const websocket_connection&) = delete;
  websocket_connection& operator=(const websocket_connection&) = delete;
  ~websocket_connection() = default;

  /// Answers the handshake, with the fields of `head` and `date`.
  void accept(const websocket_handshake& how, const response& head, std::string_view date);

  /// Sends a message behind those before it; one that closes is the last.
  void send(body_part&& what);
  /// So many more bytes of messages may be handed over.
  void add_credit(std::uint64_t bytes);

  /// Nothing more is heard of it.
  void close();

  /// Bytes that it keeps, beside the buffer that each connection has.
  [[nodiscard]] std::size_t buffered() const noexcept;

private:
  void on_accepted();
  [[nodiscard]] bool may_read() const noexcept;
  void read();
  void read_later();
  void resume();
  void receive();
  void on_received(boost::system::error_code ec, std::size_t size);
  void go_on();
  void take();
  [[nodiscard]] bool may_take() const noexcept;
  void on_message();
  void on_ping();
  void on_client_close(std::string text);
  void fail(close_code why);

  void write();
  void gather();
  std::size_t add_frame();
  void start_write();
  void on_written(boost::system::error_code ec);
  void on_close_written();
  void close_with(std::string text);

  void watch_silence();
  void pause(bool on);
  void set_alarm(detail::steady_time when);
  void on_alarm();
  void arm_write_deadline(std::size_t bytes);
  void tell_end(std::string text);
  void lose();
  void finish();
  template <class F>
  auto guarded(F then);

  websocket_owner& owner_;
  std::weak_ptr<void> alive_;
  detail::event_loop& loop_;
  transport& transport_;
  const config::http_settings& settings_;

  std::unique_ptr<char[]> in_;
  std::size_t in_size_ = 0;
  std::span<char> received_; // of in_, not taken yet
  websocket_reader reader_;
  std::int64_t credit_ = stream_window;

  std::optional<websocket_deflater> deflater_; // none: nothing is compressed
  std::deque<body_part> queue_;
  std::size_t begun_ = 0;   // bytes of the first one that have gone in frames of their own
  std::uint64_t queued_ = 0; // what they cost
  std::string pongs_;
  std::string out_; // being written, as the next
  std::string body_; // of the last frame in out_, when it is large
  std::uint64_t in_flight_ = 0;  // cost of the messages in these
  std::uint64_t uncredited_ = 0; // the same of those that have gone out and were not told
  detail::timer write_deadline_;

  detail::timer alarm_; // until the client has taken the 101, is silent, or closes
  detail::steady_time heard_{};
  bool pinged_ = false;   // since then
  bool ping_due_ = false;

  bool accepted_ = false;
  bool reading_ = false;
  bool was_filled_ = false; // the smaller buffer, by the last read
  bool taking_ = false;
  bool paused_ = false; // no credit
  bool writing_ = false;
  bool told_end_ = false;   // to the worker, or by it
  bool close_sent_ = false; // is written, or was
  bool client_closed_ = false;
  bool failed_ = false;
  bool ended_ = false;
};

} // namespace troupe::gateway
