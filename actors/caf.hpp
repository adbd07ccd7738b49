#pragma once

// For those who know CAF: its actors behind services, its messages from coroutines, its system. The
// only public header that includes CAF's; not part of <troupe/troupe.hpp>.

#include "actors/context.hpp"
#include "actors/detail/courier_actor.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/messages/call.hpp"
#include "actors/service.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

namespace troupe {

/// The node's actor system: to spawn, connect, publish as CAF's own documentation says. What waits for another node
/// (`remote_actor`, `connect`) belongs into `ctx.blocking`: the event loop may be the one that has CAF's connections
/// (setting cluster.io), and it would wait for itself.
inline caf::actor_system& caf_system(context& ctx) {
  return ctx.host().loop().system();
}

namespace detail {

/// `co_await` sends a CAF request and gives the answer, a Reply.
template <class Reply, class... Message>
class caf_request final : public pending_reply {
public:
  caf_request(courier_actor& through, caf::actor to, caf::duration limit, Message&&... message)
    : pending_reply(through), actor_(through), to_(std::move(to)), limit_(limit),
      message_(std::move(message)...) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    park(waiting);
    const auto id = courier_.expect(*this);
    auto* through = &actor_;
    std::apply(
      [&](auto&... each) {
        through->request(to_, limit_, std::move(each)...)
          .then(
            [through, id](Reply& answer) {
              through->resolve(id, std::static_pointer_cast<void>(
                                     std::make_shared<Reply>(std::move(answer))));
            },
            [through, id](caf::error& why) {
              through->resolve(id, failure{code_of(why), "the CAF actor has failed: "
                                                           + through->system().render(why)});
            });
      },
      message_);
  }
  Reply await_resume() {
    auto held = expect_reply<std::shared_ptr<void>>(std::move(value));
    return std::move(*static_cast<Reply*>(held.get()));
  }

private:
  static errc code_of(const caf::error& why) {
    if (why == caf::sec::request_timeout)
      return errc::deadline_exceeded;
    return why == caf::sec::request_receiver_down ? errc::unavailable : errc::internal;
  }

  courier_actor& actor_;
  caf::actor to_;
  caf::duration limit_;
  std::tuple<Message...> message_;
};

/// The actors of CAF's that answer for handlers of one service on one loop.
struct actors_behind {
  actors_behind() = default;
  actors_behind(const actors_behind&) = delete;
  actors_behind& operator=(const actors_behind&) = delete;
  ~actors_behind() {
    for (const auto& [handler, each] : of)
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
  }
  std::map<const void*, caf::actor> of;
};

} // namespace detail

/// Sends `message...` to any actor of CAF's, here or on another node, and gives its answer: one value
/// of the type Reply. For the loop of `ctx`; giving up the wait does not take the message back. Throws
/// error{deadline_exceeded} after `limit`, error{unavailable} when the actor has ended, error{internal}
/// for an error that it answers with (as it does to a message that it does not handle): that text is for
/// the log.
template <class Reply, class... Message>
task<Reply> caf_ask(context& ctx, caf::actor to, std::chrono::milliseconds limit,
                    Message... message) {
  co_return co_await detail::caf_request<Reply, Message...>{
    detail::courier_of(ctx.host().loop()), std::move(to), caf::duration{limit},
    std::move(message)...};
}

/// The same for a typed actor, whose interface is checked at run time here.
template <class Reply, class... Signatures, class... Message>
task<Reply> caf_ask(context& ctx, const caf::typed_actor<Signatures...>& to,
                    std::chrono::milliseconds limit, Message... message) {
  return caf_ask<Reply>(ctx, caf::actor_cast<caf::actor>(to), limit, std::move(message)...);
}

/// A handler that leaves each request to an actor of CAF's that answers `request` with `response`: a
/// function-based, class-based or typed one. `make` spawns it, once for each event loop of each node
/// that has the service, at the first request; it runs on that loop, so it must not block.
///
///     service("sums").get("/sums/{a}/{b}", backed_by([](caf::actor_system& s) { return s.spawn(sums); }));
///
/// An actor that has ended is made anew with the request after the one that has noticed it.
template <class Make>
handler backed_by(Make make, std::chrono::milliseconds limit = std::chrono::seconds{30}) {
  const auto which = std::make_shared<const char>(); // tells this handler from others of its service
  return [make, limit, which](context& ctx, const request& what) -> task<response> {
    auto& behind = ctx.local<detail::actors_behind>().of[which.get()];
    if (!behind)
      behind = caf::actor_cast<caf::actor>(make(caf_system(ctx)));
    const auto asked = behind;
    try {
      co_return co_await caf_ask<response>(ctx, asked, limit, request{what});
    } catch (const error& e) {
      if (e.code() == errc::unavailable && behind == asked)
        behind = nullptr;
      throw;
    }
  };
}

} // namespace troupe
