#include "room.hpp"

#include "visitor.hpp"

#include <algorithm>

using namespace troupe;

std::string to_text(const nlohmann::json& what) {
  return what.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> room::handle(context& ctx, const enter& what) {
  let_in(ctx, what.by);
  std::vector<std::string> names;
  for (const auto& each : members_)
    names.push_back(each.name);
  return names;
}

void room::handle(context& ctx, const say& what) {
  let_in(ctx, what.by);
  tell_all(ctx, {{"type", "said"}, {"name", what.by.name}, {"text", what.text}});
}

void room::let_in(context& ctx, const member& who) {
  for (const auto& each : members_)
    if (each.who == who.who)
      return;
    else if (each.name == who.name)
      throw error{errc::conflict, "somebody here has that name"};
  tell_all(ctx, {{"type", "joined"}, {"name", who.name}});
  members_.push_back(who);
  static_cast<void>(ctx.spawn("member", wait_for_leave(ctx, who)));
}

// However the connection has ended: its actor has then.
task<void> room::wait_for_leave(context& ctx, member who) {
  co_await ctx.monitor(who.who);
  std::erase_if(members_, [&](const member& each) { return each.who == who.who; });
  tell_all(ctx, {{"type", "left"}, {"name", who.name}});
}

void room::tell_all(context& ctx, const nlohmann::json& what) const {
  const auto text = std::make_shared<const std::string>(to_text(what));
  for (const auto& each : members_)
    ctx.tell(each.who, news{text});
}
