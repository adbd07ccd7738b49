#include "services.hpp"

using namespace troupe;

namespace {

using item_channel = channel<nlohmann::json>;

// Waits whenever the channel is full.
task<void> produce(item_channel into, nlohmann::json items) {
  struct closer { // however this ends: the consumer must not wait for more
    item_channel& channel;
    ~closer() { channel.close(); }
  } at_end{into};
  for (auto& item : items)
    co_await into.send(std::move(item));
}

task<nlohmann::json> consume(item_channel from) {
  auto received = nlohmann::json::array();
  while (auto item = co_await from.recv())
    received.push_back(std::move(*item));
  co_return received;
}

task<response> run_channel(context& ctx, const request& req) {
  auto body = req.json();
  if (!body.is_object() || !body.contains("items") || !body["items"].is_array())
    throw error{errc::unprocessable, "expected {\"items\": [...], \"capacity\": 1 to 1024}"};
  auto capacity = body.value("capacity", nlohmann::json(32));
  if (!capacity.is_number_integer() || capacity < 1 || capacity > 1024)
    throw error{errc::invalid_argument, "capacity is from 1 to 1024"};
  item_channel items{capacity.get<std::size_t>()};
  auto consumer = ctx.spawn(consume(items));
  auto producer = ctx.spawn(produce(items, std::move(body["items"])));
  auto received = co_await std::move(consumer);
  co_await producer;
  co_return json({{"received", received}, {"count", received.size()}, {"capacity", capacity}});
}

} // namespace

service channel_service() {
  return service("channel").post("/channel", run_channel);
}
