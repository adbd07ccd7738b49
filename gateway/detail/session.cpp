#include "gateway/detail/session.hpp"

#include "actors/detail/cycle_clock.hpp"
#include "gateway/detail/gateway_actor.hpp"
#include "gateway/detail/problem.hpp"
#include "gateway/detail/response_writer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace troupe::gateway {

namespace {

constexpr std::size_t first_buffer = 1024; // a browser's head fits into two of them
constexpr std::size_t body_buffer = 64 * 1024;
constexpr std::chrono::milliseconds linger_time{500};
/// For the next request of a connection that was kept alive, when the node is stopped.
constexpr std::chrono::milliseconds drain_grace{500};
/// For a client that has moved much before, besides the time limits.
constexpr std::chrono::seconds longest_silence{60};
constexpr std::size_t kept_buffer = 64 * 1024;
constexpr std::size_t answered_slots_kept = 256;

using clock = std::chrono::steady_clock;

/// The time in which so many bytes must have been moved, besides what is given anyway.
clock::duration time_for(std::uint64_t bytes, std::size_t rate) {
  return rate == 0 ? clock::duration{0} : std::chrono::milliseconds{bytes * 1000 / rate};
}

} // namespace

session::session(gateway_actor& gateway, detail::file_descriptor socket, std::optional<config::ip_address> client)
  : gateway_(gateway), settings_(gateway.settings()),
    transport_(gateway.loop().io(), std::move(socket)),
    peer_(settings_, client),
    parser_(settings_, gateway.tls() != nullptr), in_(first_buffer, '\0') {
  parser_.tell_heads();
}

session::~session() = default;

void session::start(counted_at where) {
  counted_at_ = where;
  if (peer_.refused()) {
    gateway_.warn_of_refusal(peer_.address(), "it is not one of http.trusted_proxies");
    return close();
  }
  if (!transport_.watch(gateway_.sockets(), *this)) {
    gateway_.warn_of_refusal(peer_.address(), "the kernel watches as many sockets as it can");
    return close();
  }
  idle_deadline_ = clock::now()
                   + (gateway_.stopping() ? std::min(settings_.head_timeout, drain_grace)
                                          : settings_.head_timeout);
  update_deadline();
  if (!peer_.awaits_header())
    start_tls();
  read();
}

/// What has been read so far stood before TLS, or is its beginning.
void session::start_tls() {
  if (!gateway_.tls())
    return;
  transport_.start_tls(gateway_.tls(), {in_.data() + in_begin_, in_end_ - in_begin_});
  in_begin_ = in_end_ = 0;
}

// -- reading ----------------------------------------------------------------------------------------

bool session::may_parse() const noexcept {
  if (lingering_ || upgrade_ || socket_
      || out_.size() - out_sent_ + held_back_ >= settings_.max_unsent_bytes)
    return false;
  if (upload_)
    return upload_->credit > 0;
  // HTTP/1.0 has no pipelining: the end of the answer may turn out to be the connection's.
  const bool in_turn = waiting() == 0 || !slots_.back().old_client;
  return in_turn && !no_more_requests_ && waiting() < settings_.max_pipelined;
}

/// What still comes is of no interest, only that the client leaves.
bool session::only_watches() const noexcept {
  return lingering_
         || (no_more_requests_ && !client_ended_ && !upload_ && !socket_ && waiting() > 0
             && slots_[first_].streaming);
}

/// A message has begun, and it is the client's turn to send more of it.
bool session::reads_message() const noexcept {
  return !parser_.untouched() && (upload_ ? upload_->credit > 0 : !no_more_requests_);
}

void session::read() {
  if (reading_ || closed_ || (!may_parse() && !only_watches()))
    return;
  reading_ = true;
  transport_.want_read();
}

void session::on_ready(bool readable, bool writable) {
  const auto self = shared_from_this();
  if (writable)
    on_writable();
  if (!readable || closed_)
    return;
  make_room();
  const auto got = transport_.receive(in_.data() + in_end_, in_.size() - in_end_);
  if (got > 0)
    on_read({}, static_cast<std::size_t>(got));
  else if (got == 0)
    on_read(boost::asio::error::eof, 0);
  else if (errno == EAGAIN || errno == EWOULDBLOCK)
    transport_.want_read();
  else
    on_read(boost::asio::error::connection_reset, 0);
}

void session::make_room() {
  if (only_watches())
    in_begin_ = in_end_ = 0;
  if (in_begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(in_begin_),
              in_.begin() + static_cast<std::ptrdiff_t>(in_end_), in_.begin());
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  const bool fast_body = parser_.in_body() && was_filled_ && in_.size() < body_buffer;
  if (fast_body || in_end_ == in_.size())
    in_.resize(in_.size() * 2); // bounded: the parser refuses heads over the limit
  else if (in_end_ == 0 && in_.size() > 4 * first_buffer && !parser_.in_body())
    std::string(first_buffer, '\0').swap(in_);
}

void session::on_read(const boost::system::error_code& ec, std::size_t size) {
  reading_ = false;
  if (closed_)
    return;
  if (ec) {
    // The client may have shut its sending side only; one that is sent a stream without end has left.
    no_more_requests_ = client_ended_ = true;
    if (upload_)
      abandon_upload();
    if (lingering_ || has_left() || (waiting() == 0 && out_.empty())
        || ec != boost::asio::error::eof)
      close();
    return;
  }
  if (only_watches()) {
    read();
    return;
  }
  in_end_ += size;
  gateway_.count_received(size);
  was_filled_ = in_end_ == in_.size();
  process();
}

bool session::read_proxy_header() {
  switch (peer_.read_header({in_.data() + in_begin_, in_end_ - in_begin_}, in_begin_)) {
  case proxy_header::progress::done:
    start_tls();
    return true;
  case proxy_header::progress::need_more:
    read(); // the deadline of the first request's head goes on
    return false;
  case proxy_header::progress::failed:
    gateway_.warn_of_refusal(peer_.address(), "it does not begin with a valid PROXY header");
    close();
    return false;
  }
  return false;
}

void session::process() {
  if (peer_.awaits_header() && !read_proxy_header())
    return;
  while (!closed_ && in_begin_ < in_end_ && may_parse()) {
    if (parser_.untouched())
      message_deadline_ = detail::coarse_now()
                          + (gateway_.stopping() ? std::min(settings_.head_timeout, drain_grace)
                                                 : settings_.head_timeout);
    const auto result = parser_.feed({in_.data() + in_begin_, in_end_ - in_begin_}, in_begin_);
    if (result == http_parser::progress::need_more) {
      on_part();
      break;
    }
    if (result == http_parser::progress::head)
      on_head();
    else if (result == http_parser::progress::failed)
      upload_ ? fail_upload(parser_.problem()) : refuse(parser_.problem());
    else
      upload_ ? end_upload() : take_request(true);
  }
  if (in_begin_ == in_end_)
    in_begin_ = in_end_ = 0;
  if (closed_)
    return;
  account();
  update_deadline();
  read();
}

/// A head has come, and a body is to come.
void session::on_head() {
  body_begun_ = clock::now();
  const auto rules = gateway_.rules_for(parser_.message());
  if (const auto too_large = parser_.limit_body(rules.max_body))
    return refuse(*too_large);
  if (rules.streamed)
    take_request(false);
  if (!closed_ && in_begin_ == in_end_)
    on_part();
}

/// Some of a message has come, and more is to come.
void session::on_part() {
  if (parser_.in_body()) {
    if (upload_)
      forward_upload(false);
    set_body_deadline();
    if (!upload_ && gateway_.buffers_full()) {
      refuse({errc::unavailable, "the server has no room for the request's body at present"});
      return;
    }
  }
  on_incomplete();
}

/// What was moved pays for its time; but who then falls silent is not waited for as long as all that is
/// worth.
detail::steady_time session::paid_until(detail::steady_time begun, std::uint64_t bytes) const {
  return std::min(begun + time_for(bytes, settings_.min_transfer_rate), clock::now() + longest_silence);
}

void session::set_body_deadline() {
  const auto received = upload_ ? upload_->received : parser_.message().body.size();
  message_deadline_ = paid_until(body_begun_, received) + settings_.body_timeout;
}

/// Tells the loop how much memory the connection takes beyond what each one does.
void session::account() {
  const auto present = (in_.size() - std::min(in_.size(), first_buffer)) + parser_.message().body.size()
                       + out_.size() - out_sent_ + held_back_ + (socket_ ? socket_->buffered() : 0);
  gateway_.account(present, std::exchange(accounted_, present));
}

void session::on_incomplete() {
  if (continue_sent_ || !parser_.wants_continue())
    return;
  if (upload_ ? upload_->credit <= 0 || waiting() > 1 || slots_[first_].streaming
              : no_more_requests_ || waiting() > 0)
    return;
  continue_sent_ = true;
  body_begun_ = clock::now(); // it could not send the body before
  set_body_deadline();
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  gateway_.loop().defer(*this);
}

session::slot& session::new_slot() {
  // A client that always has a request waiting must not make the list grow.
  if (first_ == slots_.size() || first_ >= answered_slots_kept) {
    slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  auto& made = slots_.emplace_back();
  made.started = made.due_from = clock::now();
  made.request_id = gateway_.next_request_id();
  made.old_client = parser_.is_old();
  return made;
}

session::slot* session::find_slot(std::uint64_t sequence) noexcept {
  if (closed_ || sequence < first_sequence_ || sequence - first_sequence_ >= waiting())
    return nullptr;
  return &slots_[first_ + (sequence - first_sequence_)];
}

/// The request with its whole body, or with one that comes as a stream.
void session::take_request(bool whole) {
  const auto sequence = first_sequence_ + waiting();
  auto& what = parser_.message();
  auto how = whole ? gateway_actor::arrival::whole : gateway_actor::arrival::streamed;
  if (whole && parser_.wants_websocket() && waiting() == 0) {
    how = gateway_actor::arrival::upgrade;
    upgrade_ = std::make_unique<upgrade>(upgrade{sequence, take_handshake(what)});
  }
  const auto refused = peer_.introduce(what);
  const auto started = add_slot_for(what, sequence);
  if (!whole) {
    what.body.clear();
    upload_ = std::make_unique<upload>(upload{sequence, 0, 0, started});
  }
  std::uint64_t call = 0;
  if (refused)
    complete(sequence, problem(*refused, what.id));
  else
    call = gateway_.dispatch(shared_from_this(), sequence, std::move(what), started, how);
  if (whole) {
    parser_.reset();
    continue_sent_ = false;
  }
  if (auto* place = find_slot(sequence); place != nullptr && call != 0)
    place->call = call;
}

detail::steady_time session::add_slot_for(request& what, std::uint64_t sequence) {
  const auto is_last = settings_.max_requests_per_connection != 0
                       && sequence + 1 >= settings_.max_requests_per_connection;
  auto& made = new_slot();
  made.head = what.method == http_method::head;
  made.keep_alive = parser_.may_keep_alive() && !gateway_.stopping() && !is_last;
  made.method = what.method;
  if (gateway_.access().enabled()) {
    made.target = what.target;
    made.client = what.client;
  }
  no_more_requests_ = no_more_requests_ || !made.keep_alive;
  asked_to_close_ = !parser_.may_keep_alive();
  what.id = made.request_id;
  made.trace = gateway_.traces().begin(what, parser_.has_traceparent(), peer_.trusted());
  has_traced_ = has_traced_ || made.trace;
  return made.started;
}

void session::refuse(const failure& why) {
  auto& made = new_slot();
  made.keep_alive = false;
  made.method = parser_.message().method;
  made.has_method = parser_.knows_method();
  made.head = made.method == http_method::head;
  if (gateway_.access().enabled()) {
    made.target = parser_.message().target;
    made.client = peer_.address();
  }
  no_more_requests_ = true;
  std::string{}.swap(parser_.message().body); // of no use any more, and may be much
  complete(first_sequence_ + waiting() - 1, problem(why, made.request_id));
}

// -- writing ----------------------------------------------------------------------------------------

void session::complete(std::uint64_t sequence, response&& what) {
  auto* to = find_slot(sequence);
  if (to == nullptr || to->done)
    return;
  if (to->streaming) // a worker that does not keep its word
    return stop_stream(*to);
  if (upload_ && upload_->sequence == sequence)
    stop_upload();
  upgrade_ = nullptr; // nothing came before it, nor behind it
  render(*to, std::move(what));
  send_finished(count_and_log(*to));
  gateway_.loop().defer(*this);
}

void session::fail(std::uint64_t sequence, const failure& why, unsigned retry_after) {
  auto* to = find_slot(sequence);
  if (to == nullptr)
    return;
  if (to->streaming)
    stop_stream(*to);
  else
    complete(sequence, problem(why, to->request_id, retry_after));
}

void session::resent(std::uint64_t sequence, std::uint64_t call) {
  if (auto* to = find_slot(sequence); to != nullptr)
    to->call = call;
}

void session::count_at(std::uint64_t sequence, request_counts& counts) {
  if (auto* to = find_slot(sequence); to != nullptr)
    to->counts = &counts;
}

void session::reject(const failure& why) {
  std::string out;
  if (!gateway_.tls()) // a handshake would be much work for a client that is not wanted
    write_response(out, problem(why, gateway_.next_request_id()), gateway_.date().now(),
                   {false, false, false, {}});
  static_cast<void>(transport_.send(out.data(), out.size()));
  closed_ = true; // its socket closes with it
  // Unread bytes would turn the end into a reset, which may cost the client the answer.
  transport_.shutdown_send(nullptr);
  for (int i = 0; i < 16; ++i)
    if (::recv(transport_.native_handle(), in_.data(), in_.size(), MSG_DONTWAIT) <= 0)
      break;
}

void session::render(slot& to, response&& what) {
  to.done = true;
  to.call = 0;
  auto last = no_more_requests_ && &to == &slots_.back();
  write_response(output_of(to), what, gateway_.date().now(), // the oldest needs no detour
                 {to.head, to.keep_alive && !last, to.old_client, gateway_.hsts()});
  held_back_ += to.answer.size();
  to.status = what.status;
}

request_counts& session::counts_of(const slot& of) const noexcept {
  return of.counts != nullptr ? *of.counts : gateway_.unrouted();
}

/// Gives the time, which is now.
detail::steady_time session::count_and_log(slot& of) {
  const auto now = clock::now();
  const auto took = now - of.started;
  counts_of(of).answered(of.status, took);
  if (gateway_.access().enabled())
    gateway_.access().add(of.client, of.has_method ? to_string(of.method) : "-", of.target,
                          of.status, took, of.request_id,
                          of.trace ? of.trace->place.trace_id() : std::string_view{});
  if (of.trace)
    end_trace(of);
  return now;
}

void session::send_finished(detail::steady_time now) {
  for (; waiting() > 0; ++first_, ++first_sequence_) {
    auto& oldest = slots_[first_];
    if (!oldest.answer.empty()) {
      out_.append(oldest.answer);
      held_back_ -= oldest.answer.size();
      std::string{}.swap(oldest.answer); // gives its memory back
    }
    if (!oldest.done)
      break; // what has come of it goes out, if it is a stream
  }
  if (waiting() == 0) {
    idle_deadline_ = now
                     + (gateway_.stopping() ? std::min(settings_.idle_timeout, drain_grace)
                                            : settings_.idle_timeout);
    on_incomplete(); // a client may wait to be asked for the body of its next request
  } else if (upload_ && waiting() == 1) {
    on_incomplete();
  }
}

void session::run_deferred() {
  if (closed_ || socket_)
    return;
  const auto self = shared_from_this(); // it may be closed in here
  if (has_left())
    return close();
  flush();
  if (!closed_ && !reading_ && !lingering_)
    process(); // answers have made room for further requests
  else if (!closed_)
    account();
}

void session::flush() {
  while (!writing_ && out_sent_ < out_.size()) {
    const auto sent = transport_.send(out_.data() + out_sent_, out_.size() - out_sent_);
    if (sent >= 0) {
      out_sent_ += static_cast<std::size_t>(sent);
      sent_ += static_cast<std::uint64_t>(sent);
      gateway_.count_sent(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable();
    } else if (errno != EINTR) {
      close();
      return;
    }
  }
  grant_stream_credit();
  if (writing_) {
    if (out_sent_ >= kept_buffer) { // of a stream that never ends nothing else would take it out
      out_.erase(0, out_sent_);
      out_sent_ = 0;
    }
    return;
  }
  slow_since_ = {};
  out_.clear();
  out_sent_ = 0;
  if (out_.capacity() > kept_buffer)
    out_.shrink_to_fit();
  if (!no_more_requests_ || waiting() > 0)
    return update_deadline();
  if (!resets_)
    return linger();
  transport_.reset();
  close();
}

void session::wait_writable() {
  writing_ = true;
  if (slow_since_ == detail::steady_time{}) {
    slow_since_ = clock::now();
    slow_from_ = sent_;
  }
  // What it takes pays for its time: a client that takes a byte now and then is given up.
  write_deadline_ = paid_until(slow_since_, sent_ - slow_from_) + settings_.write_timeout;
  account();
  update_deadline();
  transport_.want_write();
}

void session::on_writable() {
  writing_ = false;
  if (!closed_)
    run_deferred();
}

// -- the end ----------------------------------------------------------------------------------------

void session::drain() {
  if (socket_)
    return close_websocket(close_code::going_away);
  if (waiting() > 0 && !slots_.back().done && !slots_.back().streaming) {
    no_more_requests_ = true; // its answer will say so
    return;
  }
  // The client has not been told, and its next request may be on its way: that is answered, with
  // Connection: close.
  idle_deadline_ = std::min(idle_deadline_, clock::now() + drain_grace);
  if (!parser_.in_body())
    message_deadline_ = std::min(message_deadline_, idle_deadline_);
  update_deadline();
}

/// Nothing more comes from the client that it could have expected an answer to.
bool session::has_read_all() const noexcept {
  return client_ended_
         || (asked_to_close_ && parser_.untouched() && !upload_ && in_begin_ == in_end_ && !was_filled_);
}

void session::linger() {
  if (lingering_)
    return;
  if (!gateway_.tls() && has_read_all())
    return close();
  // Closing with unread bytes would reset the connection and may cost the client the answer.
  lingering_ = true;
  transport_.shutdown_send(shared_from_this());
  idle_deadline_ = clock::now() + linger_time;
  update_deadline();
  read();
}

void session::close() {
  if (closed_)
    return;
  closed_ = true;
  gateway_.account(0, std::exchange(accounted_, 0));
  auto self = shared_from_this();
  for (auto i = first_; i < slots_.size(); ++i) {
    if (slots_[i].call != 0)
      gateway_.give_up(slots_[i].call, false);
    if (slots_[i].streaming && !slots_[i].done)
      count_and_log(slots_[i]); // it was answered, as far as that goes
    else if (!slots_[i].done)
      counts_of(slots_[i]).abandoned();
  }
  deadline_timer_.disarm();
  if (socket_)
    socket_->close();
  gateway_.loop().undefer(*this);
  transport_.close();
  gateway_.forget(*this);
}

// -- deadlines --------------------------------------------------------------------------------------

detail::steady_time session::next_deadline() const {
  if (lingering_)
    return idle_deadline_;
  if (socket_) // which has its own
    return detail::steady_time::max();
  auto next = detail::steady_time::max();
  if (writing_)
    next = std::min(next, write_deadline_);
  for (auto i = first_; i < slots_.size(); ++i)
    if (!slots_[i].done && slots_[i].due_from != detail::steady_time::max()) {
      next = std::min(next, slots_[i].due_from + settings_.handler_timeout);
      if (!upload_)
        break; // later ones end later
    }
  if (reads_message())
    next = std::min(next, message_deadline_);
  else if (waiting() == 0 && !writing_)
    next = std::min(next, idle_deadline_);
  return next;
}

void session::update_deadline() {
  // An armed timer that fires too early looks again: kept-alive connections arm theirs rarely.
  auto next = next_deadline();
  if (next == detail::steady_time::max() || (deadline_timer_.armed() && deadline_timer_.when() <= next))
    return;
  deadline_timer_.arm(
    gateway_.loop().timers(), next, [](void* self) { static_cast<session*>(self)->on_deadline(); },
    this);
}

void session::on_deadline() {
  auto self = shared_from_this();
  auto now = clock::now();
  if (next_deadline() <= now) {
    expire_requests(now);
    const auto reading_message = reads_message();
    if (lingering_ || (writing_ && write_deadline_ <= now)) {
      close();
    } else if (reading_message && message_deadline_ <= now) {
      const failure late{errc::request_timeout, "the request did not arrive in time"};
      upload_ ? fail_upload(late) : refuse(late);
    } else if (!reading_message && waiting() == 0 && !writing_ && idle_deadline_ <= now) {
      close();
    }
  }
  if (!closed_ && next_deadline() <= now)
    close(); // or the timer would come again at once, and for ever
  if (!closed_)
    update_deadline();
}

void session::expire_requests(detail::steady_time now) {
  auto due = now - settings_.handler_timeout;
  auto end = first_sequence_ + waiting();
  for (auto sequence = first_sequence_; sequence < end && !closed_; ++sequence) {
    const auto* each = find_slot(sequence);
    if (each == nullptr || each->done || each->due_from > due)
      continue; // or it went out meanwhile
    if (each->call != 0)
      gateway_.give_up(each->call, true);
    fail(sequence, {errc::deadline_exceeded, "the answer did not come in time"});
  }
}

} // namespace troupe::gateway
