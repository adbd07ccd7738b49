#include "visitor.hpp"

#include <algorithm>
#include <utility>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

// What is no UTF-8 is no text for JSON either: U+FFFD stands in its place.
std::string utf8(const std::string& text) {
  const auto quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(quoted).get<std::string>();
}

std::string checked_name(const char* what, const std::string& given) {
  auto name = utf8(given);
  const bool blank = name.find_first_not_of(' ') == std::string::npos;
  const bool control = std::any_of(name.begin(), name.end(),
                                   [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (blank || control || name.size() > visitor::longest_name)
    throw error{errc::invalid_argument, std::string{what} + " has 1 to "
                                          + std::to_string(visitor::longest_name)
                                          + " bytes, and no control characters"};
  return name;
}

} // namespace

task<void> visitor::handle(context& ctx, websocket_opened what) {
  socket_ = what.socket;
  socket_->accept(); // from here on what is refused is a close code, which a page can read
  room_ = checked_name("a room's name", what.request.param<std::string>("room"));
  self_ = {checked_name("a name", what.request.query("name")), by_chance()};
  try {
    auto all = ctx.subscribe(news_of(room_)); // before it enters: nothing is missed in between
    const auto in = co_await ctx.ask(rooms[room_], enter{self_});
    life_ = in.life;
    number_ = in.number;
    tell_welcome(in.names);
    static_cast<void>(ctx.spawn("news", hear(ctx, std::move(all))));
    static_cast<void>(ctx.spawn("client", send_waiting()));
    static_cast<void>(ctx.spawn("stay", stay(ctx)));
  } catch (const error& e) {
    close(e);
  }
}

// The client's next message is taken when the room has had this one.
task<void> visitor::handle(context& ctx, websocket_message what) {
  if (what.binary)
    throw error{errc::unsupported_media_type, "a message is text"};
  if (what.data.size() > longest_text)
    throw error{errc::payload_too_large,
                "a message has at most " + std::to_string(longest_text) + " bytes"};
  if (what.data.empty())
    co_return;
  try {
    co_await ctx.ask(rooms[room_], say{self_, std::move(what.data)});
  } catch (const error& e) {
    close(e);
  }
}

// Asked rather than told, as a room that moves is looked for then.
task<void> visitor::handle(context& ctx, websocket_closed) {
  co_await ctx.ask(rooms[room_], leave{self_});
}

task<void> visitor::hear(context& ctx, subscription<news> all) {
  const nlohmann::json own{{"type", "joined"}, {"name", self_.name}};
  try {
    for (;;) {
      const auto next = (co_await all.next()).value;
      if (next.life == life_ && next.number <= number_)
        continue; // it came before the welcome, which says the same
      if (next.life != life_ && next.number == 1) {
        life_ = next.life;
        number_ = 0;
        tell_welcome({self_.name});
        co_await ctx.ask(rooms[room_], enter{self_});
      }
      // Lost on their way, counted (heard::missed) or not, as when this node was cut off.
      if (next.life != life_ || next.number != number_ + 1) {
        socket_->close(close_code::try_again_later, "some of the room's news did not reach you");
        co_return;
      }
      number_ = next.number;
      if (waiting_.size() == most_waiting)
        co_await ctx.yield(); // they have come all at once: the client's turn
      if (next.what != own)
        tell(next.what);
    }
  } catch (const error& e) {
    close(e);
  }
}

task<void> visitor::send_waiting() const {
  auto socket = *socket_;
  try {
    while (auto next = co_await waiting_.recv())
      co_await socket.send(std::move(*next));
  } catch (const error&) { // closed
  }
}

// A member that is not heard of is forgotten after a while; so is a room, with all it knows, that hears nothing.
task<void> visitor::stay(context& ctx) {
  try {
    for (;;) {
      co_await ctx.sleep(1min);
      co_await ctx.ask(rooms[room_], enter{self_});
    }
  } catch (const error& e) {
    close(e);
  }
}

void visitor::tell_welcome(const std::vector<std::string>& names) {
  tell({{"type", "welcome"}, {"name", self_.name}, {"names", names}});
}

void visitor::tell(const nlohmann::json& what) {
  if (!waiting_.try_send(what.dump()))
    socket_->close(close_code::try_again_later, "this room is faster than you read");
}

// What the room refuses stays refused. All else will pass, as when its node was lost: the page comes again.
void visitor::close(const error& why) {
  if (why.code() == errc::conflict)
    socket_->close(close_code::policy_violation, why.what());
  else
    socket_->close(close_code::try_again_later, "the room cannot be reached at present");
}
