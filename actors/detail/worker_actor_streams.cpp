// The part of worker_actor that deals with bodies that come or go as streams.

#include "actors/detail/worker_call.hpp"

#include "actors/detail/failure.hpp"
#include "actors/detail/log.hpp"
#include "actors/request_id.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::detail {

namespace {

constexpr std::size_t longest_close_reason = 123;

/// The first characters of it, all of them whole.
std::string_view cut_to(std::string_view utf8, std::size_t most) noexcept {
  if (utf8.size() <= most)
    return utf8;
  while (most > 0 && (static_cast<unsigned char>(utf8[most]) & 0xc0) == 0x80)
    --most;
  return utf8.substr(0, most);
}

bool has_no_body(const request& to, const response& what) noexcept {
  return to.method == http_method::head || what.status == 204 || what.status == 304;
}

} // namespace

void worker_actor::streams::send_part(body_part&& what) {
  if (source && source->length && out->sent() > *source->length)
    throw std::logic_error{"more was written of the body than the " + std::to_string(*source->length)
                           + " bytes that were promised"};
  deliver(of.from, nullptr, of.id, std::move(what));
}

void worker_actor::streams::send_credit(std::uint64_t bytes) {
  deliver(of.from, nullptr, of.id, body_credit{bytes});
}

void worker_actor::streams::accept_websocket(std::string_view protocol) {
  auto head = status(101);
  if (!protocol.empty())
    head.headers.add("Sec-WebSocket-Protocol", protocol);
  deliver(of.from, nullptr, of.id, std::move(head), stream_start{});
}

worker_actor::streams& worker_actor::streams_of(call& of) {
  if (!of.streams) {
    of.streams = std::make_unique<streams>(of);
    streamed_.emplace(std::pair{of.from.get(), of.id.value}, &of);
  }
  return *of.streams;
}

worker_actor::call* worker_actor::find_streamed(call_id id) {
  const auto found = streamed_.find({current_sender().get(), id.value});
  return found != streamed_.end() ? found->second : nullptr;
}

task<response> worker_actor::call_handler(call& started, bool streamed) {
  const auto& route = definition_->routes()[started.what.route];
  if (const auto* handle = std::get_if<handler>(&route.action)) {
    if (streamed) // to a node of another version of the service
      throw error{errc::unavailable, "this node does not take the route's body as a stream"};
    return (*handle)(ctx(), started.what);
  }
  if (const auto* handle = std::get_if<websocket_handler>(&route.action)) {
    if (!streamed)
      throw error{errc::unavailable, "this node takes the route for a WebSocket"};
    return call_socket(started, *handle);
  }
  auto& own = streams_of(started);
  own.in = std::make_shared<part_receiver>(own);
  if (!streamed)
    own.in->put({part_kind::body, true, std::move(started.what.body)});
  return std::get<streaming_handler>(route.action)(ctx(), started.what, body_stream{own.in});
}

task<response> worker_actor::call_socket(call& started, const websocket_handler& handle) {
  auto& own = streams_of(started);
  own.in = std::make_shared<part_receiver>(own);
  own.out = std::make_shared<part_sender>(own);
  own.socket = std::make_shared<websocket_link>(own.in, own.out);
  own.socket->attach(&own);
  co_await handle(ctx(), started.what, websocket{own.socket});
  co_return troupe::response{};
}

void worker_actor::on_part(call_id id, body_part&& what) {
  auto* to = find_streamed(id);
  if (to == nullptr || !to->streams->in)
    return; // it has been answered meanwhile
  if (to->streams->socket && what.last)
    to->streams->socket->closed_by_client(what.data);
  to->streams->in->put(std::move(what));
}

void worker_actor::on_credit(call_id id, body_credit what) {
  auto* to = find_streamed(id);
  if (to != nullptr && to->streams->out)
    to->streams->out->add_credit(what.bytes);
}

void worker_actor::begin_body(call& of, troupe::response&& head) {
  const auto source = std::move(head.source);
  auto& own = streams_of(of);
  if (!has_no_body(of.what, head))
    own.source = source;
  deliver(of.from, nullptr, of.id, std::move(head),
          stream_start{source->length.value_or(stream_start::unknown)});
  to_produce_.push_back(&of);
  loop().defer(*this);
}

void worker_actor::start_producing(call& of) {
  auto& own = *of.streams;
  if (!own.source) {
    deliver(of.from, nullptr, of.id, body_part{part_kind::body, true, {}});
    retire(of);
    return;
  }
  own.out = std::make_shared<part_sender>(own);
  const event_loop::behalf on{loop(), &of};
  try {
    own.producing = own.source->write(body_writer{own.out});
    if (!own.producing)
      throw std::logic_error{"the body's producer gave an empty task"};
  } catch (...) { // it is no coroutine and threw at once
    own.producing = [](std::exception_ptr failed) -> task<void> {
      std::rethrow_exception(failed);
      co_return;
    }(std::current_exception());
  }
  own.producing.start(own);
}

void worker_actor::end_body(call& of) noexcept {
  auto& own = *of.streams;
  const auto request_id = format_request_id(of.what.id);
  try {
    own.producing.take();
    if (own.source->length && own.out->sent() != *own.source->length)
      throw std::logic_error{"of the body " + std::to_string(own.out->sent()) + " bytes were written, and "
                             + std::to_string(*own.source->length) + " were promised"};
    deliver(of.from, nullptr, of.id, body_part{part_kind::body, true, {}});
  } catch (...) {
    const auto why = current_failure(*of.label, request_id);
    if (why.code != errc::internal) // which has been logged
      spdlog::warn(with_fields(*of.label + " cut its body short: " + why.detail,
                               {{"request_id", request_id}}));
    if (of.span)
      of.span->fail(std::string{to_string(why.code)});
    deliver(of.from, nullptr, of.id, failure{why});
  }
  retire(of);
}

void worker_actor::end_socket(call& of) noexcept {
  auto& socket = *of.streams->socket;
  try {
    try {
      static_cast<void>(of.work.take());
    } catch (const error& e) {
      if (!socket.accepted() || !socket.closed() || e.code() != errc::unavailable)
        throw;
      // Sent to one that was closed: the usual end of who only sends.
    }
    socket.close(close_code::normal, {});
    if (of.span)
      of.span->succeed();
  } catch (...) {
    const auto why = current_failure(*of.label, format_request_id(of.what.id));
    if (of.span)
      of.span->fail(std::string{to_string(why.code)});
    if (!socket.accepted())
      deliver(of.from, nullptr, of.id, failure{why});
    else if (!socket.closed())
      socket.close(why.code == errc::internal ? close_code::internal_error
                                              : close_code::policy_violation,
                   cut_to(why.detail, longest_close_reason));
  }
  if (socket.closed_by_peer())
    deliver(of.from, nullptr, of.id, body_part{part_kind::close, true, {}});
}

/// Nothing of the request's streams reaches its sender any more, whoever has handles of them.
void worker_actor::cut_off(call& from) noexcept {
  if (!from.streams)
    return;
  std::erase(to_produce_, &from);
  streamed_.erase({from.from.get(), from.id.value});
  if (from.streams->in)
    from.streams->in->detach();
  if (from.streams->out)
    from.streams->out->detach();
  if (from.streams->socket)
    from.streams->socket->attach(nullptr);
}

} // namespace troupe::detail
