#pragma once

#include "actors/context.hpp"
#include "actors/detail/courier_actor.hpp"
#include "actors/messages/local.hpp"

#include <caf/actor_control_block.hpp>

#include <memory>
#include <utility>

namespace troupe::gateway {

/// Sends `(call_id, query)` to an actor outside of the services and waits for its `local_reply`.
template <class Answer, class Query>
task<Answer> ask(context& ctx, caf::strong_actor_ptr to, Query query) {
  auto& through = detail::courier_of(ctx.host().loop());
  auto value = co_await detail::reply_to{through, [&](std::uint64_t id) {
    detail::deliver(to, through.self(), call_id{id}, query);
  }};
  auto held = detail::expect_reply<std::shared_ptr<void>>(std::move(value));
  co_return std::move(*static_cast<Answer*>(held.get()));
}

} // namespace troupe::gateway
