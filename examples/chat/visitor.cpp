#include "visitor.hpp"

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::string checked_name(const char* what, std::string name) {
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
  self_ = {checked_name("a name", what.request.query("name")), what.self<visitor>()};
  const auto names = co_await ctx.ask(rooms[room_], enter{self_});
  waiting_.try_send(std::make_shared<const std::string>(
    to_text({{"type", "welcome"}, {"name", self_.name}, {"names", names}})));
  static_cast<void>(ctx.spawn("news", send_news()));
  static_cast<void>(ctx.spawn("stay", stay(ctx)));
}

// The client's next message is taken when the room has had this one.
task<void> visitor::handle(context& ctx, websocket_message what) {
  if (what.binary)
    throw error{errc::unsupported_media_type, "a message is text"};
  if (what.data.size() > longest_text)
    throw error{errc::payload_too_large,
                "a message has at most " + std::to_string(longest_text) + " bytes"};
  if (!what.data.empty())
    co_await ctx.ask(rooms[room_], say{self_, std::move(what.data)});
}

void visitor::handle(news what) {
  if (!waiting_.try_send(std::move(what.text)))
    socket_->close(close_code::try_again_later, "this room is faster than you read");
}

task<void> visitor::send_news() const {
  auto socket = *socket_;
  try {
    while (auto next = co_await waiting_.recv())
      co_await socket.send(**next);
  } catch (const error&) { // closed
  }
}

// A keyed actor that hears nothing for five minutes is ended, with all it knows.
task<void> visitor::stay(context& ctx) const {
  auto socket = *socket_;
  std::string refusal;
  while (refusal.empty()) {
    co_await ctx.sleep(1min);
    try {
      co_await ctx.ask(rooms[room_], enter{self_});
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  socket.close(close_code::try_again_later, refusal);
}
