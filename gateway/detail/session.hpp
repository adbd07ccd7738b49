#pragma once

#include "actors/detail/event_loop.hpp"
#include "actors/messages/response.hpp"
#include "actors/messages/stream.hpp"
#include "actors/websocket.hpp"
#include "config/settings.hpp"
#include "gateway/detail/connection_counts.hpp"
#include "gateway/detail/http_parser.hpp"
#include "gateway/detail/peer.hpp"
#include "gateway/detail/request_counts.hpp"
#include "gateway/detail/response_writer.hpp"
#include "gateway/detail/tracer.hpp"
#include "gateway/detail/transport.hpp"
#include "gateway/detail/websocket_connection.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::gateway {

class gateway_actor;

/// One client connection: reads requests, hands each to the gateway actor, writes the answers in
/// the order of the requests. Belongs to one event loop.
///
/// It may become a WebSocket, and is nothing else from then on until it is closed. Otherwise:
///
///     open --request without keep-alive, bad request, drain--> last answers --written-->
///     lingering (sending side shut, what still arrives is dropped) --end of stream--> closed
///
/// without lingering when nothing more can come: the client has ended, too, or has asked for the end.
class session final : public std::enable_shared_from_this<session>,
                      public detail::deferred,
                      private transport::user,
                      private websocket_owner {
public:
  /// `client`: the address at the socket's other end, if it has one.
  session(gateway_actor& gateway, detail::file_descriptor socket, std::optional<config::ip_address> client);
  ~session();

  using counted_at = std::optional<connection_counts::places>;
  /// `where` it is counted among the connections; it says so at its end.
  void start(counted_at where);
  [[nodiscard]] const counted_at& counted() const noexcept { return counted_at_; }
  [[nodiscard]] const peer& other_end() const noexcept { return peer_; }

  /// The answer to request number `sequence`; one that is not waited for is ignored.
  void complete(std::uint64_t sequence, response&& what);

  /// The same for a failure; `retry_after` seconds are told with a 503.
  void fail(std::uint64_t sequence, const failure& why, unsigned retry_after = 1);

  /// The answer's head; its body comes through `stream_part`. A failure ends it early. `length` in bytes,
  /// or stream_start::unknown.
  void begin_stream(std::uint64_t sequence, response&& head, std::uint64_t length);
  void stream_part(std::uint64_t sequence, body_part&& what);

  /// So many more bytes of the request's body may be sent to who answers it.
  void add_upload_credit(std::uint64_t sequence, std::uint64_t bytes);

  /// The request has been sent again, as `call`.
  void resent(std::uint64_t sequence, std::uint64_t call);

  /// The request is one of this route. `counts` outlives the session's connection.
  void count_at(std::uint64_t sequence, request_counts& counts);

  /// Whether any of its requests was traced.
  [[nodiscard]] bool has_traced() const noexcept { return has_traced_; }
  /// The request has been sent to the node of this name.
  void sent_to(std::uint64_t sequence, std::string_view node);

  /// Instead of `start`: answers with the failure and closes.
  void reject(const failure& why);

  /// No further request: closes after the answers to those that are in work, or to one that comes at once;
  /// soon when none does.
  void drain();

  /// The node that has its WebSocket, if it is one, leaves.
  void end_websocket();

  /// Closes at once. The gateway actor is not touched any more.
  void close();

  void run_deferred() override;

private:
  /// A request that waits for its answer, or an answer that waits for an earlier one.
  struct slot {
    bool done = false;
    bool head = false;
    bool keep_alive = true;
    bool has_method = true; // of a request that could be read so far
    bool old_client = false;
    bool streaming = false; // its head has gone out, or waits in `answer`; the body comes in parts
    framing body = framing::whole;
    std::uint16_t status = 0;
    std::uint64_t left = 0;       // of the body, with framing::length
    std::uint64_t uncredited = 0; // cost of the parts that have come since the last credit
    std::uint64_t call = 0;
    std::uint64_t request_id = 0;
    request_counts* counts = nullptr; // of its route; null: it has none
    detail::steady_time started;
    detail::steady_time due_from; // the handler's time begins; max: not yet, or not any more
    std::string answer; // rendered
    std::string target; // this and the client for the access log only
    std::string client;
    std::unique_ptr<request_trace> trace; // null for most
    http_method method = http_method::get;
  };

  /// The body of the newest request, on its way to who answers it.
  struct upload {
    std::uint64_t sequence = 0;
    std::int64_t credit = 0; // bytes that may be sent
    std::uint64_t received = 0;
    detail::steady_time stalled_since; // when there is none
  };

  /// A request that may become a WebSocket; until its answer has come nothing is read.
  struct upgrade {
    std::uint64_t sequence = 0;
    websocket_handshake how;
  };

  void start_tls();
  void read();
  void on_ready(bool readable, bool writable) override;
  void on_read(const boost::system::error_code& ec, std::size_t size);
  void make_room();
  void process();
  void on_head();
  void on_part();
  bool read_proxy_header();
  [[nodiscard]] detail::steady_time paid_until(detail::steady_time begun, std::uint64_t bytes) const;
  void set_body_deadline();
  void on_incomplete();
  void account();
  void take_request(bool whole);
  detail::steady_time add_slot_for(request& what, std::uint64_t sequence);
  void forward_upload(bool last);
  void end_upload();
  void drop_upload();
  void stop_upload();
  void fail_upload(const failure& why);
  void abandon_upload();
  void stop_stream(slot& of);
  void drop_behind(const slot& of);
  void grant_stream_credit();
  [[nodiscard]] bool has_left() const noexcept;
  void become_websocket(const response& head);
  void close_websocket(close_code why);
  void on_websocket_part(body_part&& what) override;
  void on_websocket_sent(std::uint64_t bytes) override;
  void on_websocket_end() override;
  void refuse(const failure& why);
  slot& new_slot();
  slot* find_slot(std::uint64_t sequence) noexcept;
  std::string& output_of(slot& of) noexcept { return &of == &slots_[first_] ? out_ : of.answer; }
  void render(slot& to, response&& what);
  [[nodiscard]] request_counts& counts_of(const slot& of) const noexcept;
  detail::steady_time count_and_log(slot& of);
  void end_trace(slot& of);
  void send_finished(detail::steady_time now);
  void flush();
  void wait_writable();
  void on_writable();
  [[nodiscard]] bool has_read_all() const noexcept;
  void linger();
  void update_deadline();
  void on_deadline();
  void expire_requests(detail::steady_time now);
  [[nodiscard]] detail::steady_time next_deadline() const;
  [[nodiscard]] std::size_t waiting() const noexcept { return slots_.size() - first_; }
  [[nodiscard]] bool may_parse() const noexcept;
  [[nodiscard]] bool only_watches() const noexcept;
  [[nodiscard]] bool reads_message() const noexcept;

  gateway_actor& gateway_;
  const config::http_settings& settings_;
  transport transport_;
  counted_at counted_at_;
  peer peer_;
  http_parser parser_;

  std::string in_;
  std::size_t in_begin_ = 0; // bytes [in_begin_, in_end_) of in_ are not parsed yet
  std::size_t in_end_ = 0;

  std::vector<slot> slots_;
  std::size_t first_ = 0;             // place of the oldest in slots_
  std::uint64_t first_sequence_ = 0;  // its number

  std::string out_;
  std::size_t out_sent_ = 0;
  std::size_t held_back_ = 0; // bytes of answers that wait for an earlier one
  std::size_t accounted_ = 0; // bytes that the loop knows of

  detail::steady_time slow_since_{}; // the client has not taken all that there was; none: it has
  std::uint64_t sent_ = 0;           // bytes in all
  std::uint64_t slow_from_ = 0;      // sent_ at that time
  std::unique_ptr<upload> upload_;   // these three null for most
  std::unique_ptr<upgrade> upgrade_;
  std::unique_ptr<websocket_connection> socket_; // what the connection is from then on

  detail::timer deadline_timer_;
  detail::steady_time message_deadline_; // for the request being read
  detail::steady_time body_begun_;
  detail::steady_time idle_deadline_;
  detail::steady_time write_deadline_;

  bool reading_ = false;
  bool was_filled_ = false; // the buffer, by the last read: the client is fast
  bool writing_ = false;
  bool no_more_requests_ = false;
  bool asked_to_close_ = false; // by the client, in its last request
  bool client_ended_ = false; // it sends nothing more
  bool resets_ = false;       // instead of lingering
  bool lingering_ = false;
  bool closed_ = false;
  bool continue_sent_ = false;
  bool has_traced_ = false;
};

} // namespace troupe::gateway
