#include "gateway/detail/websocket_connection.hpp"

#include "actors/detail/websocket_link.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace troupe::gateway {

namespace {

constexpr std::chrono::seconds close_limit{5}; // for the client to take the 101, and for its Close frame
constexpr std::size_t idle_buffer = 4 * 1024;
constexpr std::size_t busy_buffer = 64 * 1024;  // of a client that fills the other
constexpr std::size_t one_write = 16 * 1024;     // what is put together for it
constexpr std::size_t deflated_piece = 64 * 1024; // in one go, of a message that is compressed
constexpr std::size_t smallest_compressed = 256; // below it costs more than it saves
constexpr std::size_t most_pongs = 1024;        // bytes of them that wait
constexpr int most_in_a_turn = 256;             // messages and control frames

/// What a Close frame says of this text.
std::string sent_close_text(std::string text) {
  if (text.size() < 2)
    return detail::close_text(close_code::normal, {});
  if (!detail::may_be_sent(detail::read_close_text(text).first)) // a worker of another version, perhaps
    return detail::close_text(close_code::internal_error, {});
  if (text.size() > longest_control || !is_utf8(std::string_view{text}.substr(2)))
    text.resize(2); // the client would have to refuse it
  return text;
}

void append_frame(std::string& out, opcode code, std::string_view data) {
  append_frame_head(out, {code}, data.size());
  out.append(data);
}

} // namespace

websocket_connection::websocket_connection(websocket_owner& owner, std::weak_ptr<void> alive,
                                           detail::event_loop& loop, transport& on,
                                           const config::http_settings& settings)
  : owner_(owner), alive_(std::move(alive)), loop_(loop), transport_(on), settings_(settings),
    reader_(settings.max_websocket_message) {}

/// What it is called with when an operation has ended: not if nobody wants to hear of it any more. The
/// connection's owner stays alive meanwhile.
template <class F>
auto websocket_connection::guarded(F then) {
  return [this, kept = alive_.lock(), then](boost::system::error_code ec = {}, std::size_t size = 0) {
    if (!ended_)
      then(ec, size);
  };
}

void websocket_connection::accept(const websocket_handshake& how, const response& head,
                                  std::string_view date) {
  const auto terms = settings_.websocket_compression ? agree_on_deflate(how.extensions) : std::nullopt;
  if (terms) {
    reader_.inflate(*terms);
    deflater_.emplace(*terms);
  }
  out_ = answer_handshake(how, head, terms, date);
  set_alarm(detail::after(close_limit));
  start_write();
}

void websocket_connection::on_accepted() {
  accepted_ = true;
  watch_silence();
  read();
  write();
}

// -- from the client --------------------------------------------------------------------------------

bool websocket_connection::may_read() const noexcept {
  return accepted_ && !reading_ && !taking_ && !ended_ && !client_closed_;
}

/// Takes what has come as far as it may, then waits for more.
void websocket_connection::read() {
  if (!may_read())
    return;
  taking_ = true;
  take();
  taking_ = false;
  if (ended_ || client_closed_)
    return;
  pause(credit_ <= 0 && !told_end_);
  if (received_.empty()) {
    if (!paused_)
      receive();
  } else if (may_take()) {
    read_later(); // it is the others' turn
  }
}

void websocket_connection::read_later() {
  reading_ = true;
  boost::asio::post(transport_.get_executor(),
                    guarded([this](boost::system::error_code, std::size_t) { go_on(); }));
}

/// As `read`, for the owner, who is told nothing from within.
void websocket_connection::resume() {
  if (received_.empty())
    read();
  else if (may_read() && may_take())
    read_later();
}

void websocket_connection::receive() {
  reading_ = true;
  // More for those alone that have sent much, and are about to send more.
  const auto size = was_filled_ && reader_.expected() > idle_buffer ? busy_buffer : idle_buffer;
  if (size != in_size_) {
    in_ = std::make_unique_for_overwrite<char[]>(size);
    in_size_ = size;
  }
  transport_.async_read_some(boost::asio::buffer(in_.get(), in_size_),
                             guarded([this](boost::system::error_code ec, std::size_t got) {
                               on_received(ec, got);
                             }));
}

void websocket_connection::on_received(boost::system::error_code ec, std::size_t size) {
  if (ec)
    return lose();
  received_ = {in_.get(), size};
  was_filled_ = size >= idle_buffer;
  heard_ = std::chrono::steady_clock::now();
  pinged_ = false;
  go_on();
}

void websocket_connection::go_on() {
  reading_ = false;
  read();
  if (!ended_)
    owner_.on_websocket_sent(0); // what it keeps has changed
}

void websocket_connection::take() {
  if (failed_)
    received_ = {};
  for (int left = most_in_a_turn; left > 0 && !received_.empty() && may_take(); --left) {
    switch (reader_.read(received_)) {
    case websocket_reader::found::nothing: return;
    case websocket_reader::found::message: on_message(); break;
    case websocket_reader::found::ping: on_ping(); break;
    case websocket_reader::found::close: return on_client_close(std::string{reader_.control()});
    case websocket_reader::found::failure: return fail(reader_.failed_with());
    }
    if (ended_)
      return;
  }
}

/// Behind the end messages are dropped: only the client's Close frame is looked for. A client that does not
/// read its pongs is not read either.
bool websocket_connection::may_take() const noexcept {
  return (credit_ > 0 || told_end_) && pongs_.size() < most_pongs;
}

void websocket_connection::on_message() {
  auto part = reader_.take_message();
  if (told_end_)
    return;
  credit_ -= static_cast<std::int64_t>(cost_of(part));
  owner_.on_websocket_part(std::move(part));
}

void websocket_connection::on_ping() {
  if (close_sent_)
    return;
  append_frame(pongs_, opcode::pong, reader_.control());
  write();
}

/// What has not gone out yet is of no use to it.
void websocket_connection::on_client_close(std::string text) {
  client_closed_ = true;
  tell_end(text);
  if (ended_)
    return;
  if (!close_sent_)
    close_with(std::move(text));
  else if (!writing_)
    finish();
}

/// The client has broken a rule.
void websocket_connection::fail(close_code why) {
  failed_ = true;
  received_ = {};
  if (close_sent_)
    return lose();
  tell_end(detail::close_text(why, {}));
  if (!ended_)
    close_with(detail::close_text(why, {}));
}

void websocket_connection::add_credit(std::uint64_t bytes) {
  credit_ = with_credit(credit_, bytes);
  resume();
}

// -- to the client ----------------------------------------------------------------------------------

void websocket_connection::send(body_part&& what) {
  if (told_end_ || ended_)
    return;
  if (queued_ + in_flight_ + uncredited_ > 2 * stream_window && !what.last)
    return lose(); // a worker that sends more than it may
  const auto last = what.last;
  told_end_ = last; // whoever sends that has ended
  queued_ += cost_of(what);
  queue_.push_back(std::move(what));
  write();
  if (last)
    resume(); // with credit or without
}

/// The next that goes out, whatever was to go before it.
void websocket_connection::close_with(std::string text) {
  queue_.clear();
  begun_ = 0;
  queued_ = text.size();
  queue_.push_back({part_kind::close, true, std::move(text)});
  write();
}

void websocket_connection::write() {
  if (writing_ || close_sent_ || !accepted_ || ended_)
    return;
  gather();
  if (!out_.empty())
    start_write();
}

/// As much as one write should have, and as should be compressed in one go: control frames, then messages.
void websocket_connection::gather() {
  out_.swap(pongs_); // it was empty
  if (std::exchange(ping_due_, false)) {
    append_frame(out_, opcode::ping, {});
    if (!paused_)
      set_alarm(std::chrono::steady_clock::now() + settings_.websocket_idle_timeout / 2);
  }
  std::size_t taken = 0;
  while (!queue_.empty() && body_.empty() && out_.size() < one_write && taken < deflated_piece)
    taken += add_frame();
}

/// A frame of the first message in the queue: all of it, or a piece of a long one that is compressed. Returns how
/// much of it that is.
std::size_t websocket_connection::add_frame() {
  auto& from = queue_.front();
  if (from.last) {
    append_frame(out_, opcode::close, sent_close_text(std::move(from.data)));
    close_sent_ = true;
    queue_.clear();
    queued_ = 0;
    set_alarm(detail::after(close_limit));
    return 0;
  }
  frame_head head{from.kind == part_kind::text ? opcode::text : opcode::binary};
  const auto cost = cost_of(from);
  const auto begin = begun_;
  std::string data;
  if (deflater_ && from.data.size() >= smallest_compressed) {
    const auto piece = std::string_view{from.data}.substr(begin, deflated_piece);
    if (begin > 0)
      head.code = opcode::more;
    head.deflated = begin == 0;
    begun_ += piece.size();
    head.last = begun_ == from.data.size();
    deflater_->add(piece, head.last, data);
  } else {
    begun_ = from.data.size();
    data = std::move(from.data);
  }
  const auto taken = begun_ - begin;
  append_frame_head(out_, head, data.size());
  if (data.size() < one_write)
    out_.append(data);
  else
    body_ = std::move(data);
  if (head.last) {
    begun_ = 0;
    queued_ -= cost;
    in_flight_ += cost;
    queue_.pop_front();
  }
  return taken;
}

void websocket_connection::start_write() {
  writing_ = true;
  arm_write_deadline(out_.size() + body_.size());
  const std::array<boost::asio::const_buffer, 2> all{boost::asio::buffer(out_), boost::asio::buffer(body_)};
  boost::asio::async_write(transport_, all, guarded([this](boost::system::error_code ec, std::size_t) {
                             on_written(ec);
                           }));
}

void websocket_connection::on_written(boost::system::error_code ec) {
  writing_ = false;
  write_deadline_.disarm();
  if (ec)
    return lose();
  out_.clear();
  if (out_.capacity() > idle_buffer && queue_.empty())
    std::string{}.swap(out_);
  std::string{}.swap(body_);
  if (!accepted_)
    return on_accepted();
  if (close_sent_)
    return on_close_written();
  uncredited_ += std::exchange(in_flight_, 0);
  owner_.on_websocket_sent(uncredited_ >= stream_credit_step ? std::exchange(uncredited_, 0) : 0);
  if (ended_)
    return;
  write();
  read(); // it may have waited for pongs to go out
}

void websocket_connection::on_close_written() {
  if (client_closed_)
    return finish();
  // Closing with unread bytes would reset the connection and may cost the client the Close frame.
  if (failed_)
    transport_.shutdown_send(alive_.lock());
  read();
}

// -- time -------------------------------------------------------------------------------------------

/// From now on.
void websocket_connection::watch_silence() {
  heard_ = std::chrono::steady_clock::now();
  pinged_ = false;
  set_alarm(heard_ + settings_.websocket_idle_timeout / 2);
}

/// A client cannot answer pings that nobody reads.
void websocket_connection::pause(bool on) {
  if (std::exchange(paused_, on) == on || close_sent_)
    return;
  if (on)
    alarm_.disarm();
  else
    watch_silence();
}

void websocket_connection::set_alarm(detail::steady_time when) {
  alarm_.arm(
    loop_.timers(), when, [](void* self) { static_cast<websocket_connection*>(self)->on_alarm(); }, this);
}

void websocket_connection::on_alarm() {
  if (!accepted_ || close_sent_)
    return lose();
  const auto now = std::chrono::steady_clock::now();
  const auto half = settings_.websocket_idle_timeout / 2;
  if (!pinged_ && now < heard_ + half)
    return set_alarm(heard_ + half);
  if (pinged_ && !ping_due_)
    return lose();
  pinged_ = true;
  ping_due_ = true;
  set_alarm(now + half);
  write(); // or behind what is being written, which has a deadline of its own
}

void websocket_connection::arm_write_deadline(std::size_t bytes) {
  auto limit = settings_.write_timeout;
  if (settings_.min_transfer_rate != 0)
    limit += std::chrono::milliseconds{bytes * 1000 / settings_.min_transfer_rate};
  write_deadline_.arm(
    loop_.timers(), std::chrono::steady_clock::now() + limit,
    [](void* self) { static_cast<websocket_connection*>(self)->lose(); }, this);
}

// -- the end ----------------------------------------------------------------------------------------

void websocket_connection::tell_end(std::string text) {
  if (!std::exchange(told_end_, true))
    owner_.on_websocket_part({part_kind::close, true, std::move(text)});
}

/// The client is lost, or was told all there is to say to it.
void websocket_connection::lose() {
  const auto kept = alive_.lock();
  tell_end(detail::close_text(close_code::abnormal, {}));
  if (!ended_)
    finish();
}

void websocket_connection::finish() {
  close();
  owner_.on_websocket_end();
}

void websocket_connection::close() {
  ended_ = true;
  write_deadline_.disarm();
  alarm_.disarm();
}

std::size_t websocket_connection::buffered() const noexcept {
  return std::max(in_size_, idle_buffer) - idle_buffer + reader_.buffered() + queued_ + pongs_.capacity()
         + out_.capacity() + body_.capacity();
}

} // namespace troupe::gateway
