// Topics: a WebSocket at /topics/{name} hears what is published there, and publishes what it is sent.
#include <troupe/troupe.hpp>

#include <unistd.h>

#include <string>

using namespace troupe;

namespace {

task<void> tell(websocket socket, subscription<std::string> news) {
  try {
    for (;;) {
      auto next = co_await news.next();
      co_await socket.send(nlohmann::json{{"value", next.value}, {"missed", next.missed}, {"gap", next.gap}}.dump());
    }
  } catch (const error&) { // closed
  }
}

/// Sends whose process this is, and then what is heard. A message is published `count` times, padded to `size`; others
/// get their turn in between. "done" says that it was.
task<void> join(context& ctx, const request& req, websocket socket) {
  const topic<std::string> name{req.param<std::string>("name")};
  subscription_options how;
  how.capacity = req.query<std::size_t>("capacity", how.capacity);
  how.gaps = req.query<bool>("gaps", false);
  const auto count = req.query<int>("count", 1);
  const auto size = req.query<std::size_t>("size", 0);
  static_cast<void>(ctx.spawn("news", tell(socket, ctx.subscribe(name, how))));
  co_await socket.send(nlohmann::json{{"pid", ::getpid()}}.dump());
  while (auto message = co_await socket.receive()) {
    message->data.resize(std::max(message->data.size(), size), '.');
    for (int i = 0; i < count; ++i) {
      ctx.publish(name, message->data);
      if (i % 16 == 15)
        co_await ctx.yield();
    }
    if (count > 1)
      co_await socket.send(nlohmann::json{{"done", count}}.dump());
  }
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv, {service("topics").websocket("/topics/{name}", join)});
}
