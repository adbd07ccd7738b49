#include "gateway/detail/websocket_connection.hpp"

#include "actors/detail/websocket_link.hpp"
#include "gateway/detail/characters.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <utility>

namespace troupe::gateway {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

// What Beast wants to know of a stream that is not its own.

void teardown(beast::role_type, transport& what, boost::system::error_code& ec) {
  what.close();
  ec = {};
}

template <class Handler>
void async_teardown(beast::role_type, transport& what, Handler&& handler) {
  // The session ends the connection, behind what is still on its way.
  boost::asio::post(what.get_executor(),
                    [handler = std::forward<Handler>(handler)]() mutable {
                      std::move(handler)(boost::system::error_code{});
                    });
}

void beast_close_socket(transport& what) {
  what.close();
}

namespace {

constexpr std::chrono::seconds close_limit{5}; // for the client's Close frame
// A window of 4 KiB: some 24 KiB for a connection that compresses, a tenth of zlib's default. The client's
// is its own affair: 32 KiB once it sends anything compressed.
constexpr int window_bits = 12;
constexpr int memory_level = 4;
constexpr std::size_t smallest_compressed = 256; // below it costs more than it saves
constexpr std::size_t idle_buffer = 4 * 1024;
constexpr std::size_t longest_piece = 64 * 1024;

constexpr std::uint16_t normal = 1000, protocol_error = 1002, lost = 1006, invalid_payload = 1007,
                        too_big = 1009, internal_error = 1011;

std::string close_text(std::uint16_t code, std::string_view reason = {}) {
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return out.append(reason);
}

websocket::close_reason to_reason(std::string_view text) {
  websocket::close_reason out;
  out.code = text.size() < 2 ? normal
                             : static_cast<std::uint16_t>(static_cast<unsigned char>(text[0]) << 8
                                                          | static_cast<unsigned char>(text[1]));
  if (!detail::may_be_sent(close_code{out.code})) // a worker of another version, perhaps
    out.code = internal_error;
  else if (text.size() > 2)
    out.reason.assign(text.data() + 2, std::min(text.size() - 2, out.reason.max_size()));
  return out;
}

/// Why nothing more comes, as a Close frame would say it.
std::string close_text(boost::system::error_code ec, const websocket::close_reason& told) {
  if (ec == websocket::error::closed)
    return told.code == websocket::close_code::none
             ? std::string{}
             : close_text(told.code, {told.reason.data(), told.reason.size()});
  if (ec == websocket::error::message_too_big)
    return close_text(too_big);
  if (ec == websocket::error::bad_frame_payload)
    return close_text(invalid_payload);
  const bool is_protocol = ec.category() == make_error_code(websocket::error::closed).category();
  return close_text(is_protocol ? protocol_error : lost);
}

/// In UTF-8 that is in order as far as it goes. Beast does not look behind the last byte of a message whose
/// final frame is empty.
bool ends_within_character(std::string_view text) noexcept {
  constexpr std::size_t longest_character = 4;
  for (std::size_t back = 1; back <= std::min(text.size(), longest_character); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80)
      return false;
    if (byte >= 0xc0)
      return back < (byte >= 0xf0 ? 4U : byte >= 0xe0 ? 3U : 2U);
  }
  return false;
}

} // namespace

struct websocket_connection::stream {
  explicit stream(transport& on) : frames(on) {}
  websocket::stream<transport&> frames;
  beast::flat_buffer buffer;
  beast::http::request<beast::http::empty_body> handshake;
};

websocket_connection::websocket_connection(websocket_owner& owner, std::weak_ptr<void> alive,
                                           detail::event_loop& loop, transport& on,
                                           const config::http_settings& settings)
  : owner_(owner), alive_(std::move(alive)), loop_(loop), settings_(settings),
    stream_(std::make_unique<stream>(on)) {
  auto& frames = stream_->frames;
  websocket::permessage_deflate compression;
  compression.server_enable = settings.websocket_compression;
  compression.server_max_window_bits = window_bits;
  compression.memLevel = memory_level;
  compression.msg_size_threshold = smallest_compressed;
  frames.set_option(compression);
  set_idle_limit(true);
  frames.read_message_max(settings.max_websocket_message);
  frames.auto_fragment(false);
}

websocket_connection::~websocket_connection() = default;

/// A client cannot answer pings that nobody reads.
void websocket_connection::set_idle_limit(bool on) {
  websocket::stream_base::timeout limits;
  limits.handshake_timeout = close_limit;
  limits.idle_timeout = on ? settings_.websocket_idle_timeout : websocket::stream_base::none();
  limits.keep_alive_pings = on;
  stream_->frames.set_option(limits);
}

/// What it is called with when an operation has ended: not if nobody wants to hear of it any more. The
/// connection's owner stays alive meanwhile.
template <class F>
auto websocket_connection::guarded(F then) {
  return [this, kept = alive_.lock(), then](boost::system::error_code ec, std::size_t = 0) {
    if (!ended_)
      then(ec);
  };
}

void websocket_connection::accept(const websocket_handshake& how, const std::string& target,
                                  const std::string& host, const response& head,
                                  std::string_view date) {
  auto& request = stream_->handshake;
  request.method(beast::http::verb::get);
  request.target(target);
  request.version(11);
  request.set(beast::http::field::host, host);
  request.set(beast::http::field::upgrade, "websocket");
  request.set(beast::http::field::connection, "Upgrade");
  request.set(beast::http::field::sec_websocket_version, "13");
  request.set(beast::http::field::sec_websocket_key, how.key);
  if (!how.extensions.empty())
    request.set(beast::http::field::sec_websocket_extensions, how.extensions);
  stream_->frames.set_option(websocket::stream_base::decorator(
    [protocol = std::string{head.headers.find("Sec-WebSocket-Protocol").value_or("")},
     date = std::string{date}](websocket::response_type& answer) {
      answer.set(beast::http::field::server, "troupe");
      answer.set(beast::http::field::date, date);
      if (is_token(protocol))
        answer.set(beast::http::field::sec_websocket_protocol, protocol);
    }));
  stream_->frames.async_accept(request, guarded([this](boost::system::error_code ec) {
                                 if (ec)
                                   return end(close_text(lost));
                                 accepted_ = true;
                                 stream_->handshake = {};
                                 read();
                                 write();
                               }));
}

// -- from the client --------------------------------------------------------------------------------

void websocket_connection::read() {
  if (reading_ || credit_ <= 0 || told_end_ || !accepted_)
    return;
  reading_ = true;
  if (std::exchange(paused_, false))
    set_idle_limit(true);
  // Piece by piece: what a long message takes is known while it comes, and no more is allocated for what a
  // frame says of its length than for what has come of it.
  stream_->frames.async_read_some(stream_->buffer, longest_piece,
                                  guarded([this](boost::system::error_code ec) {
                                    reading_ = false;
                                    if (ec)
                                      end(close_text(ec, stream_->frames.reason()));
                                    else
                                      on_read();
                                  }));
}

void websocket_connection::on_read() {
  auto& frames = stream_->frames;
  if (frames.is_message_done()) {
    const auto data = stream_->buffer.cdata();
    body_part part{frames.got_text() ? part_kind::text : part_kind::binary, false,
                   std::string{static_cast<const char*>(data.data()), data.size()}};
    stream_->buffer.consume(data.size());
    if (stream_->buffer.capacity() > idle_buffer)
      stream_->buffer.shrink_to_fit();
    if (part.kind == part_kind::text && ends_within_character(part.data))
      return fail(close_text(invalid_payload));
    credit_ -= static_cast<std::int64_t>(cost_of(part));
    owner_.on_websocket_part(std::move(part));
    if (ended_)
      return;
  }
  owner_.on_websocket_sent(0); // what it keeps has changed
  if (ended_)
    return;
  read();
  if (!reading_ && !std::exchange(paused_, true))
    set_idle_limit(false);
}

void websocket_connection::add_credit(std::uint64_t bytes) {
  credit_ = with_credit(credit_, bytes);
  read();
}

/// The client has broken a rule that Beast does not know.
void websocket_connection::fail(const std::string& text) {
  if (std::exchange(told_end_, true))
    return; // a Close frame is on its way already
  queue_.push_back({part_kind::close, true, text});
  owner_.on_websocket_part({part_kind::close, true, text});
  if (!ended_)
    write();
}

/// The client has closed it, or is lost.
void websocket_connection::end(std::string_view text) {
  if (!std::exchange(told_end_, true))
    owner_.on_websocket_part({part_kind::close, true, std::string{text}});
  if (!ended_)
    owner_.on_websocket_end();
}

// -- to the client ----------------------------------------------------------------------------------

void websocket_connection::send(body_part&& what) {
  if (told_end_)
    return;
  if (queued_ + uncredited_ > 2 * stream_window && !what.last)
    return end(close_text(lost)); // a worker that sends more than it may
  if (what.last)
    told_end_ = true; // whoever sends that has ended
  queued_ += what.data.size();
  queue_.push_back(std::move(what));
  write();
}

void websocket_connection::write() {
  if (writing_ || queue_.empty() || !accepted_)
    return;
  writing_ = true;
  const auto& next = queue_.front();
  arm_write_deadline(next.data.size());
  if (next.last)
    return send_close(next.data);
  stream_->frames.text(next.kind == part_kind::text);
  stream_->frames.async_write(boost::asio::buffer(next.data), guarded([this](boost::system::error_code ec) {
                                on_written(!ec);
                              }));
}

void websocket_connection::on_written(bool ok) {
  writing_ = false;
  write_deadline_.disarm();
  if (!ok)
    return end(close_text(lost));
  uncredited_ += cost_of(queue_.front());
  queued_ -= queue_.front().data.size();
  queue_.pop_front();
  owner_.on_websocket_sent(uncredited_ >= stream_credit_step ? std::exchange(uncredited_, 0) : 0);
  if (!ended_)
    write();
}

/// Sends a Close frame and waits for the client's.
void websocket_connection::send_close(std::string_view text) {
  stream_->frames.async_close(to_reason(text), guarded([this](boost::system::error_code) {
                                write_deadline_.disarm();
                                owner_.on_websocket_end();
                              }));
}

void websocket_connection::arm_write_deadline(std::size_t bytes) {
  auto limit = settings_.write_timeout;
  if (settings_.min_transfer_rate != 0)
    limit += std::chrono::milliseconds{bytes * 1000 / settings_.min_transfer_rate};
  write_deadline_.arm(
    loop_.timers(), std::chrono::steady_clock::now() + limit,
    [](void* self) { static_cast<websocket_connection*>(self)->end(close_text(lost)); }, this);
}

void websocket_connection::close() {
  ended_ = true;
  write_deadline_.disarm();
}

std::size_t websocket_connection::buffered() const noexcept {
  return stream_->buffer.capacity() + queued_;
}

} // namespace troupe::gateway
