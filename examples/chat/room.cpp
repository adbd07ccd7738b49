#include "room.hpp"

#include <random>
#include <utility>

using namespace troupe;

std::uint64_t by_chance() {
  std::random_device source;
  return std::uint64_t{source()} << 32U | source();
}

topic<news> news_of(const std::string& room) {
  return topic<news>{"room/" + room};
}

welcome room::handle(context& ctx, const enter& what) {
  forget_silent(ctx);
  let_in(ctx, what.by);
  welcome out{life_, number_, {}};
  for (const auto& each : seats_)
    out.names.push_back(each.who.name);
  return out;
}

void room::handle(context& ctx, const say& what) {
  let_in(ctx, what.by);
  tell_all(ctx, {{"type", "said"}, {"name", what.by.name}, {"text", what.text}});
}

void room::handle(context& ctx, const leave& what) {
  let_out(ctx, what.by);
}

void room::let_in(context& ctx, const member& who) {
  const auto now = std::chrono::steady_clock::now();
  for (auto& each : seats_)
    if (each.who.id == who.id) {
      each.heard = now;
      return;
    } else if (each.who.name == who.name) {
      throw error{errc::conflict, "somebody here has that name"};
    }
  seats_.push_back({who, now});
  tell_all(ctx, {{"type", "joined"}, {"name", who.name}});
}

void room::let_out(context& ctx, const member& who) {
  if (std::erase_if(seats_, [&](const seat& each) { return each.who.id == who.id; }) > 0)
    tell_all(ctx, {{"type", "left"}, {"name", who.name}});
}

void room::forget_silent(context& ctx) {
  const auto since = std::chrono::steady_clock::now() - longest_silence;
  for (const auto& each : std::vector{seats_})
    if (each.heard < since)
      let_out(ctx, each.who);
}

void room::tell_all(context& ctx, nlohmann::json what) {
  ctx.publish(news_, {life_, ++number_, std::move(what)});
}
