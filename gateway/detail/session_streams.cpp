// The part of session that deals with bodies that come or go as streams.

#include "actors/detail/websocket_link.hpp"
#include "gateway/detail/gateway_actor.hpp"
#include "gateway/detail/problem.hpp"
#include "gateway/detail/session.hpp"

namespace troupe::gateway {

namespace {

using clock = std::chrono::steady_clock;

} // namespace

// -- requests ---------------------------------------------------------------------------------------

void session::add_upload_credit(std::uint64_t sequence, std::uint64_t bytes) {
  if (socket_ && !closed_)
    socket_->add_credit(bytes);
  if (closed_ || !upload_ || upload_->sequence != sequence)
    return;
  const auto stalled = upload_->credit <= 0;
  upload_->credit = with_credit(upload_->credit, bytes);
  if (stalled && upload_->credit > 0) { // the client could not send meanwhile
    body_begun_ += clock::now() - upload_->stalled_since;
    find_slot(sequence)->due_from = detail::steady_time::max();
    set_body_deadline();
  }
  if (parser_.wants_continue())
    on_incomplete();
  gateway_.loop().defer(*this);
}

void session::forward_upload(bool last) {
  auto data = std::move(parser_.message().body);
  parser_.message().body.clear();
  if (data.empty() && !last)
    return;
  body_part part{part_kind::body, last, std::move(data)};
  auto& from = *find_slot(upload_->sequence);
  upload_->received += part.data.size();
  upload_->credit -= static_cast<std::int64_t>(cost_of(part));
  gateway_.send_part(from.call, std::move(part));
  if (upload_->credit > 0)
    return;
  upload_->stalled_since = clock::now(); // it is the handler's turn
  if (!from.streaming)
    from.due_from = upload_->stalled_since;
}

void session::end_upload() {
  forward_upload(true);
  if (auto& of = *find_slot(upload_->sequence); !of.streaming)
    of.due_from = clock::now();
  upload_ = nullptr;
  parser_.reset();
  continue_sent_ = false;
}

/// What has come of it and was not sent on is of no use.
void session::drop_upload() {
  upload_ = nullptr;
  parser_.message().body.clear();
}

/// The request has been answered before its body has come: nobody wants the rest.
void session::stop_upload() {
  find_slot(upload_->sequence)->keep_alive = false;
  drop_upload();
  no_more_requests_ = true;
}

void session::fail_upload(const failure& why) {
  const auto sequence = upload_->sequence;
  auto& of = *find_slot(sequence);
  if (of.call != 0)
    gateway_.give_up(std::exchange(of.call, 0), false);
  fail(sequence, why);
}

/// The client sends nothing more: the request will not be whole. Those before it are answered.
void session::abandon_upload() {
  auto& of = *find_slot(upload_->sequence);
  if (of.streaming)
    return stop_stream(of);
  if (of.call != 0)
    gateway_.give_up(of.call, false);
  drop_upload();
  counts_of(of).abandoned();
  slots_.pop_back(); // the newest
}

// -- responses --------------------------------------------------------------------------------------

void session::begin_stream(std::uint64_t sequence, response&& head, std::uint64_t length) {
  auto* to = find_slot(sequence);
  if (to == nullptr || to->done || to->streaming)
    return;
  to->streaming = true;
  to->due_from = detail::steady_time::max();
  to->status = head.status;
  if (head.status == 101)
    return become_websocket(head);
  upgrade_ = nullptr;
  to->left = length;
  if (length != stream_start::unknown)
    to->body = framing::length;
  else
    to->body = to->old_client ? framing::close : framing::chunked;
  if (to->body == framing::close && !to->head) {
    to->keep_alive = false;
    no_more_requests_ = true;
  }
  if (to == &slots_[first_] && has_left())
    return close();
  const auto last = no_more_requests_ && !upload_ && to == &slots_.back();
  auto& out = output_of(*to);
  const auto before = out.size();
  write_response(out, head, gateway_.date().now(),
                 {to->head, to->keep_alive && !last, to->old_client, gateway_.hsts(), to->body,
                  length});
  if (&out == &to->answer)
    held_back_ += out.size() - before;
  if (to->head || head.status == 204 || head.status == 304)
    to->body = framing::whole; // no part of it goes out
  gateway_.loop().defer(*this);
}

/// The client sends nothing more, and the oldest answer is a stream whose end nobody knows: there is no
/// other sign that it has gone.
bool session::has_left() const noexcept {
  return client_ended_ && waiting() > 0 && slots_[first_].streaming
         && slots_[first_].body != framing::length && slots_[first_].body != framing::whole;
}

void session::stream_part(std::uint64_t sequence, body_part&& what) {
  auto* to = find_slot(sequence);
  if (to == nullptr || to->done || !to->streaming)
    return;
  if (socket_) {
    if (what.last)
      to->call = 0;
    socket_->send(std::move(what));
    if (!closed_)
      on_websocket_sent(0);
    return;
  }
  auto& out = output_of(*to);
  const auto before = out.size();
  switch (to->body) {
  case framing::whole: break;
  case framing::chunked: write_chunk(out, what.data, what.last); break;
  case framing::close: out.append(what.data); break;
  case framing::length:
    if (what.data.size() > to->left || (what.last && what.data.size() < to->left))
      return stop_stream(*to); // a worker that does not keep its word
    to->left -= what.data.size();
    out.append(what.data);
    break;
  }
  if (&out == &to->answer)
    held_back_ += out.size() - before;
  to->uncredited += cost_of(what);
  if (to->uncredited > 2 * stream_window)
    return stop_stream(*to); // the same: it has sent more than it may
  if (what.last) {
    to->done = true;
    to->call = 0;
    const auto now = count_and_log(*to);
    if (upload_ && upload_->sequence == sequence)
      stop_upload();
    send_finished(now);
  }
  gateway_.loop().defer(*this);
}

/// The answer's body will not be whole, and the client has to know: the connection ends behind what there is
/// of it, and behind the answers to the requests before.
void session::stop_stream(slot& of) {
  if (socket_)
    return close_websocket(close_code::internal_error);
  drop_behind(of);
  if (upload_) // of this request, or of one that has been dropped
    drop_upload();
  if (of.call != 0)
    gateway_.give_up(std::exchange(of.call, 0), false);
  of.done = true;
  no_more_requests_ = true;
  resets_ = of.body == framing::close; // its end would look like that of the body
  send_finished(count_and_log(of));
  gateway_.loop().defer(*this);
}

/// Nothing can come behind this answer: the requests that have are not answered.
void session::drop_behind(const slot& of) {
  const auto kept = &of - slots_.data() + 1;
  for (auto each = slots_.begin() + kept; each != slots_.end(); ++each) {
    if (each->call != 0)
      gateway_.give_up(each->call, false);
    if (!each->done)
      counts_of(*each).abandoned();
    held_back_ -= each->answer.size();
  }
  slots_.erase(slots_.begin() + kept, slots_.end());
}

void session::grant_stream_credit() {
  if (waiting() == 0 || out_.size() - out_sent_ >= stream_part_size)
    return;
  auto& oldest = slots_[first_];
  if (oldest.streaming && oldest.uncredited >= stream_credit_step)
    gateway_.send_credit(oldest.call, std::exchange(oldest.uncredited, 0));
}

// -- WebSockets -------------------------------------------------------------------------------------

void session::become_websocket(const response& head) {
  flush();
  // A client has to wait for the answer; and an answer of this kind belongs to such a request.
  if (closed_ || !upgrade_ || in_begin_ != in_end_ || !out_.empty())
    return close();
  deadline_timer_.disarm();
  transport_.use_asio(); // which it works on
  socket_ = std::make_unique<websocket_connection>(static_cast<websocket_owner&>(*this),
                                                   weak_from_this(), gateway_.loop(), transport_,
                                                   settings_);
  socket_->accept(upgrade_->how, head, gateway_.date().now());
  upgrade_ = nullptr;
  std::string{}.swap(in_);
  if (gateway_.stopping())
    close_websocket(close_code::going_away);
}

void session::end_websocket() {
  if (socket_ && !closed_)
    close_websocket(close_code::going_away);
}

/// From the gateway's side: both ends are told.
void session::close_websocket(close_code why) {
  const auto text = detail::close_text(why, {});
  on_websocket_part({part_kind::close, true, text});
  socket_->send({part_kind::close, true, text});
}

void session::on_websocket_part(body_part&& what) {
  auto& of = slots_[first_];
  if (of.call == 0)
    return; // it has ended there
  const auto last = what.last;
  gateway_.send_part(of.call, std::move(what));
  if (last)
    of.call = 0; // its handler goes on to its end: it is told, and not given up
}

void session::on_websocket_sent(std::uint64_t bytes) {
  if (bytes > 0)
    gateway_.send_credit(slots_[first_].call, bytes);
  account();
  if (gateway_.buffers_full() && socket_->buffered() > stream_part_size)
    close_websocket(close_code::try_again_later);
}

void session::on_websocket_end() {
  close();
}

} // namespace troupe::gateway
