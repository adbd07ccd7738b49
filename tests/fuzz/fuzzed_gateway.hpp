#pragma once

#include "actors/body_writer.hpp"
#include "actors/detail/worker_actor.hpp"
#include "actors/oneshot.hpp"
#include "gateway/detail/gateway_actor.hpp"
#include "tests/fuzz/polled_loop.hpp"

#include <spdlog/spdlog.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the clients of session.cpp come to: a gateway with a worker that answers, on the polled loop.
namespace troupe::gateway::fuzzed {

using fuzz::check;
using fuzz::loop;
using fuzz::poll;

struct options {
  enum class limits { roomy, small, tight, impatient };
  enum class turns { at_once, oldest_first, newest_first, at_the_end };
  enum class ending { waits, shuts_first, leaves, is_stopped };

  explicit options(unsigned bits)
    : gateway(static_cast<limits>(bits & 3)), answering(static_cast<turns>(bits >> 2 & 3)),
      end(static_cast<ending>(bits >> 4 & 3)), reads_late((bits & 0x40) != 0),
      stopping((bits & 0x80) != 0) {}

  limits gateway;
  turns answering;
  ending end;
  bool reads_late;
  bool stopping;
};

/// `small`: what a client meets whatever the timing. What is refused by the other two hangs on it.
inline config::http_settings settings_for(options::limits which) {
  config::http_settings out;
  out.max_connections_per_client = 0;
  out.queue_target = std::chrono::hours{1}; // a slow machine is no overload
  out.max_body_bytes = 4096;
  out.max_websocket_message = 4096;
  if (which == options::limits::roomy)
    return out;
  out.max_header_bytes = 512;
  out.max_headers = 8;
  out.max_target_bytes = 64;
  out.max_body_bytes = 64;
  out.max_pipelined = 3;
  out.max_requests_per_connection = 6;
  out.max_unsent_bytes = 512;
  out.max_websocket_message = 64;
  if (which == options::limits::tight) {
    out.max_in_work = out.max_queued = 1;
    out.max_buffered_bytes = 700;
  } else if (which == options::limits::impatient) {
    out.handler_timeout = out.body_timeout = out.write_timeout = config::milliseconds{0};
    out.min_transfer_rate = 0;
  }
  return out;
}

// -- handlers ---------------------------------------------------------------------------------------

/// Where handlers wait for their turn.
class turns {
public:
  void begin(bool held) { held_ = held; }
  void end() { waiting_.clear(); }

  task<void> wait() {
    if (!held_)
      co_return;
    oneshot<bool> turn;
    waiting_.push_back(std::move(turn.sender));
    static_cast<void>(co_await turn.receiver.recv());
  }

  /// False when nobody waits.
  bool give(bool to_newest) {
    if (waiting_.empty())
      return false;
    const auto next = to_newest ? waiting_.end() - 1 : waiting_.begin();
    next->send(true);
    waiting_.erase(next);
    return true;
  }

private:
  bool held_ = false;
  std::vector<oneshot<bool>::sender_end> waiting_;
};

inline turns& all_turns() {
  static auto& made = *new turns;
  return made;
}

/// How a body in parts looks, by the parameters of its route.
struct shape {
  std::size_t parts = 0;
  std::size_t size = 0; // of each

  static shape of(std::string_view parts, std::string_view size) {
    return {number(parts, 4), number(size, 20'000)}; // more in all than a step of credit
  }
  [[nodiscard]] std::string part(std::size_t index) const {
    return std::string(size, static_cast<char>('a' + index));
  }
  [[nodiscard]] std::string all() const {
    std::string out;
    for (std::size_t i = 0; i < parts; ++i)
      out += part(i);
    return out;
  }

private:
  static std::size_t number(std::string_view text, std::size_t most) {
    std::size_t out = 0;
    std::from_chars(text.data(), text.data() + std::min<std::size_t>(text.size(), 6), out);
    return std::min(out, most);
  }
};

inline task<void> write_parts(shape what, bool fails, body_writer out) {
  for (std::size_t i = 0; i < what.parts; ++i) {
    co_await all_turns().wait();
    co_await out.write(what.part(i));
  }
  if (fails)
    throw error{errc::conflict, "the body has no end"};
}

inline task<void> write_back(body_stream body, body_writer out) {
  while (auto piece = co_await body.next())
    co_await out.write(std::move(*piece));
}

inline task<response> plain(context&, const request& req) {
  co_await all_turns().wait();
  co_return text("plain " + req.target).with_header("Echo", req.target);
}

inline task<response> echo(context&, const request& req) {
  co_await all_turns().wait();
  co_return text(req.body).with_header("Echo", req.target);
}

inline task<response> upload(context&, const request& req, body_stream body) {
  co_await all_turns().wait();
  auto all = co_await body.rest(1 << 20);
  co_return text(std::move(all)).with_header("Echo", req.target);
}

inline task<response> both_ways(context&, const request& req, body_stream body) {
  co_await all_turns().wait();
  co_return stream("text/plain", [body](body_writer out) { return write_back(body, out); })
    .with_header("Echo", req.target);
}

inline task<response> early(context&, const request& req, body_stream) {
  co_await all_turns().wait();
  co_return text("early").with_header("Echo", req.target);
}

inline task<response> parts(context&, const request& req) {
  co_await all_turns().wait();
  const auto what = shape::of(req.param("count"), req.param("size"));
  const auto fails = req.path().starts_with("/broken");
  const auto length = req.query_string() == "length" ? std::optional{what.parts * what.size + (fails ? 1 : 0)}
                                                     : std::nullopt;
  co_return stream("text/plain", [=](body_writer out) { return write_parts(what, fails, out); }, length)
    .with_header("Echo", req.target);
}

inline task<response> fails(context&, const request& req) {
  co_await all_turns().wait();
  if (req.query_string() == "error")
    throw error{errc::conflict, "refused " + req.target};
  throw std::logic_error{"of no concern"};
  co_return response{};
}

inline task<response> without_body(context&, const request& req) {
  co_await all_turns().wait();
  if (req.path().starts_with("/empty"))
    co_return status(204).with_header("Echo", req.target);
  co_return stream("text/plain", [](body_writer out) { return write_parts({1, 1}, false, out); })
    .with_status(304)
    .with_header("Echo", req.target);
}

inline task<void> socket(context&, const request&, websocket what) {
  co_await all_turns().wait();
  while (auto message = co_await what.receive())
    co_await (message->binary ? what.send_binary(std::move(message->data))
                              : what.send(std::move(message->data)));
}

/// The routes' places in the service.
enum place : std::uint32_t {
  at_plain, at_echo, at_upload, at_both_ways, at_early, at_parts, at_broken, at_fails, at_empty,
  at_unchanged, at_socket
};

inline service routes() {
  service out{"fuzzed"};
  out.get("/plain/{word}", plain)
    .post("/echo", echo, {32})
    .post("/upload", upload)
    .post("/both-ways", both_ways)
    .post("/early", early)
    .get("/parts/{count}/{size}", parts)
    .get("/broken/{count}/{size}", parts)
    .get("/fails", fails)
    .get("/empty", without_body)
    .get("/unchanged", without_body)
    .websocket("/socket", socket);
  return out;
}

// -- the node ---------------------------------------------------------------------------------------

/// What lasts: the worker, and the view that has it.
struct node {
  node() {
    spdlog::set_level(spdlog::level::off); // the failures that inputs provoke
    auto services = std::make_shared<detail::node_services>();
    services->node_name = "fuzzed";
    worker = detail::spawn_pinned<detail::worker_actor>(loop(), std::move(services),
                                                        std::make_shared<const service>(routes()));
    auto& only = view->nodes.emplace_back();
    only.id = 1;
    only.local = true;
    only.services.push_back(routes().announcement());
    only.workers.push_back({caf::actor_cast<caf::strong_actor_ptr>(worker)});
    poll();
  }

  [[nodiscard]] std::size_t in_work() const {
    return static_cast<detail::worker_actor&>(*caf::actor_cast<caf::abstract_actor*>(worker)).view().mailbox;
  }

  caf::actor worker;
  std::shared_ptr<cluster_view> view = std::make_shared<cluster_view>();
};

inline node& the_node() {
  static auto& made = *new node;
  return made;
}

/// A gateway, at which one client after the other comes.
class gateway {
public:
  explicit gateway(options::limits which) {
    gateway_actor::options wanted;
    wanted.http = settings_for(which);
    wanted.connections = counts();
    wanted.max_buffered = wanted.http.max_buffered_bytes;
    const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    where_.sun_family = AF_UNIX; // without a name: the kernel chooses one
    check(::bind(listening, reinterpret_cast<sockaddr*>(&where_), sizeof where_.sun_family) == 0
            && ::listen(listening, 1) == 0
            && ::getsockname(listening, reinterpret_cast<sockaddr*>(&where_), &size_) == 0,
          "a listening socket");
    actor_ = detail::spawn_pinned<gateway_actor>(loop(), std::move(wanted), listening_socket{listening});
    tell(view_changed{the_node().view});
    poll();
  }
  gateway(const gateway&) = delete;
  gateway& operator=(const gateway&) = delete;
  ~gateway() {
    detail::end_actor(actor_);
    poll();
  }

  /// Gives the client's end of a new connection. `narrow`: little of what is sent to it fits into its socket.
  int connect(bool narrow) {
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(::connect(client, reinterpret_cast<sockaddr*>(&where_), size_) == 0, "connect");
    const int next = ::dup(client); // the number of the file that is opened next: of the gateway's end
    ::close(next);
    poll();
    check(present().connections == 1, "the connection was not taken");
    const int little = 4096;
    check(!narrow || ::setsockopt(next, SOL_SOCKET, SO_SNDBUF, &little, sizeof little) == 0, "SO_SNDBUF");
    return client;
  }

  void stop() {
    if (!std::exchange(stopping_, true))
      tell(stop_serving{[this] { drained_ = true; }});
    poll();
  }

  void check_end() const {
    check(present() == gateway_actor::in_use{}, "the gateway keeps something of a connection that has ended");
    check(the_node().in_work() == 0, "a request that nobody waits for is in work");
    check(!stopping_ || drained_, "a gateway that was told to stop does not say that it has");
  }

private:
  [[nodiscard]] gateway_actor::in_use present() const {
    return static_cast<gateway_actor&>(*caf::actor_cast<caf::abstract_actor*>(actor_)).present();
  }

  template <class Message>
  void tell(Message what) {
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(actor_), nullptr, std::move(what));
  }

  static std::shared_ptr<connection_counts> counts() {
    static auto& made = *new auto{std::make_shared<connection_counts>(settings_for(options::limits::roomy))};
    return made;
  }

  caf::actor actor_;
  sockaddr_un where_{};
  socklen_t size_ = sizeof where_;
  bool stopping_ = false;
  bool drained_ = false;
};

/// One for all that goes on, another one for each that is stopped.
inline std::shared_ptr<gateway> gateway_for(const options& how) {
  if (how.stopping || how.end == options::ending::is_stopped)
    return std::make_shared<gateway>(how.gateway);
  static auto& lasting = *new std::array<std::shared_ptr<gateway>, 4>;
  auto& made = lasting[static_cast<std::size_t>(how.gateway)];
  if (!made)
    made = std::make_shared<gateway>(how.gateway);
  return made;
}

} // namespace troupe::gateway::fuzzed
