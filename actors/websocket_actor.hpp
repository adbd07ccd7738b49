#pragma once

#include "actors/combine.hpp"
#include "actors/context.hpp"
#include "actors/handler.hpp"
#include "actors/stateful.hpp"
#include "actors/websocket.hpp"

#include <chrono>
#include <concepts>
#include <stdexcept>
#include <string>
#include <utility>

namespace troupe {

/// The first message of a connection's actor. What is thrown before the socket's first use is the answer
/// to the client, 401 for one; when it was not used, the client is answered with 101 behind this.
struct websocket_opened {
  troupe::websocket socket;
  /// A copy of the request: parameters, query, headers, client.
  troupe::request request;

  /// The connection's actor, for others to tell it something. std::logic_error when S is not its state.
  template <class S>
  [[nodiscard]] actor_ref<S> self() const {
    if (state != &detail::type_key<S>)
      throw std::logic_error{"websocket_opened::self was asked for an actor of another state"};
    return actor_ref<S>{cell};
  }

  detail::cell_ref cell;
  const void* state = nullptr; // its type, by address
};

/// The last message: nothing is received any more, nor sent. `code` is `abnormal` when the connection was
/// lost, or its handler ended, without a Close frame.
struct websocket_closed {
  close_code code = close_code::none;
  std::string reason;
};

/// Makes each connection an actor: `service.websocket("/chat/{room}", socket_actor<visitor>())`.
///
/// For each connection a stateful actor with the state S{args...} (actors/stateful.hpp) is spawned, which
/// is handed what comes, one at a time and in order:
///
///     struct visitor {
///       websocket socket;
///       task<void> handle(websocket_message what) { co_await socket.send(std::move(what.data)); }
///       void handle(websocket_opened what);  // may be left out
///       void handle(websocket_closed what);  // may be left out
///     };
///
/// The next message is received when the last one was handled: until then the client is held up, as
/// websocket has it. Whoever has the actor's reference tells it messages of its own. An `error` that
/// `handle` throws to the connection closes it with 1008 and its words; any other exception, whosever
/// message it was, with 1011: the actor is not begun anew, and not told of the end. Is it stopped, the
/// connection is closed with 1000.
///
/// After websocket_closed, for which there are 10 seconds, the actor is stopped. When its worker actor
/// ends (the node stops) it ends as well, told or not: who must know that uses ctx.monitor. The actor is on
/// the loop of its socket, which no other actor may use. `how`: as in spawn_actor, but for placement and restarts.
template <class S, class... Args>
websocket_handler socket_actor(actor_options how, Args... args);
template <class S, class... Args>
websocket_handler socket_actor(Args... args);

namespace detail {

template <class S, class M>
concept handles = requires(S& state, M what) { state.handle(std::move(what)); }
                  || requires(S& state, context& ctx, M what) { state.handle(ctx, std::move(what)); };

inline constexpr std::chrono::seconds farewell_limit{10};
inline constexpr std::chrono::hours never{24}; // an actor that failed is stopped long before

template <class S>
task<void> say_farewell(context& ctx, actor_ref<S> to, websocket_closed what) {
  try {
    co_await with_timeout(farewell_limit, ctx.ask(to, std::move(what)));
  } catch (const error&) { // of the handler, for whom nobody is left
  }
  ctx.stop(to);
}

/// The actor of one connection: ended with it, however the handler ends.
template <class S>
class socket_session {
public:
  socket_session(context& ctx, websocket socket, actor_ref<S> actor)
    : ctx_(ctx), socket_(std::move(socket)), actor_(std::move(actor)) {}
  socket_session(const socket_session&) = delete;
  socket_session& operator=(const socket_session&) = delete;

  ~socket_session() {
    try {
      if constexpr (handles<S, websocket_closed>)
        if (opened_ && actor_.cell()->alive()) {
          auto code = socket_.code();
          if (code == close_code::none && !drained_)
            code = close_code::abnormal;
          static_cast<void>(
            ctx_.spawn("websocket closed", say_farewell(ctx_, actor_, {code, socket_.reason()})));
          return;
        }
      ctx_.stop(actor_);
    } catch (...) { // no memory: it ends with the worker actor
    }
  }

  /// Gives the actor what comes, to the end of the connection.
  task<void> hand_over(const request& what) {
    opened_ = true;
    if constexpr (handles<S, websocket_opened>)
      try {
        co_await ctx_.ask(actor_,
                          websocket_opened{socket_, what, actor_.cell(), &type_key<S>});
      } catch (...) {
        opened_ = false;
        throw;
      }
    while (auto message = co_await socket_.receive())
      co_await ctx_.ask(actor_, std::move(*message));
    drained_ = true;
  }

  [[nodiscard]] const actor_ref<S>& actor() const noexcept { return actor_; }

private:
  context& ctx_;
  websocket socket_;
  actor_ref<S> actor_;
  bool opened_ = false;  // and so to be told of the end
  bool drained_ = false; // the socket was closed, and all of it received
};

template <class S, class... Args>
task<void> run_socket_actor(context& ctx, const request& what, websocket socket, actor_options how,
                            Args... args) {
  how.where = placement::here;
  how.restart = {1, never, never, never, 0};
  socket_session<S> session{ctx, std::move(socket),
                            ctx.spawn_actor<S>(std::move(how), std::move(args)...)};
  try {
    const auto first = co_await race(session.hand_over(what), ctx.monitor(session.actor()));
    if (first.index() == 1 && !std::get<1>(first).empty())
      throw error{errc::internal, "the connection's actor has failed: " + std::get<1>(first)};
  } catch (const error&) {
    if (!session.actor().cell()->ended()) // else it was stopped while it was asked
      throw;
  }
}

} // namespace detail

template <class S, class... Args>
websocket_handler socket_actor(actor_options how, Args... args) {
  static_assert(detail::handles<S, websocket_message>,
                "the state of a connection's actor needs handle(websocket_message)");
  return [=](context& ctx, const request& what, websocket socket) {
    return detail::run_socket_actor<S, Args...>(ctx, what, std::move(socket), how, args...);
  };
}

template <class S, class... Args>
websocket_handler socket_actor(Args... args) {
  return socket_actor<S>(actor_options{}, std::move(args)...);
}

} // namespace troupe
