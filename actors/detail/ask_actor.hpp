#pragma once

#include "actors/detail/courier_actor.hpp"
#include "actors/detail/host.hpp"
#include "actors/messages/local.hpp"
#include "actors/task.hpp"

#include <caf/actor_control_block.hpp>

#include <memory>
#include <utility>

namespace troupe::detail {

/// Sends `(call_id, query)` to an actor of this node that is no stateful one, and waits for its `local_reply`. Throws
/// `error` for a failure.
template <class Answer, class Query>
task<Answer> ask_actor(host& from, caf::strong_actor_ptr to, Query query) {
  auto& through = courier_of(from.loop());
  auto value = co_await reply_to{through, [&](std::uint64_t id) {
    deliver(to, through.self(), call_id{id}, std::move(query));
  }};
  auto held = expect_reply<std::shared_ptr<void>>(std::move(value));
  co_return std::move(*static_cast<Answer*>(held.get()));
}

} // namespace troupe::detail
