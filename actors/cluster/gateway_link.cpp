#include "actors/cluster/gateway_link.hpp"

#include "actors/cluster/peer_desk.hpp"
#include "actors/detail/chance.hpp"
#include "actors/messages/local.hpp"
#include "actors/messages/topics.hpp"
#include "config/endpoint.hpp"
#include "config/version.hpp"

#include <caf/atom.hpp>

#include <spdlog/spdlog.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace troupe {

namespace {

using boost::asio::ip::tcp;

constexpr std::chrono::milliseconds first_backoff{50};
constexpr std::chrono::milliseconds longest_backoff{1000};
/// A refusal will not go away by itself soon.
constexpr std::chrono::milliseconds after_refusal{10000};

} // namespace

gateway_link::gateway_link(caf::actor_config& config, detail::event_loop& loop, std::string host,
                           std::uint16_t port, options how)
  : detail::exposed_actor(config, loop), host_(std::move(host)), port_(port),
    address_(config::to_string(config::endpoint{host_, port_})), how_(std::move(how)),
    last_joined_(std::chrono::steady_clock::now()), backoff_(first_backoff), resolver_(std::in_place, loop.io()) {
  set_down_handler([this](const caf::down_msg& down) { on_lost(down.source); });
}

caf::behavior gateway_link::make_behavior() {
  connect();
  return {
    [this](const welcome& what) { on_welcome(what); },
    [this](const refusal& what) { on_refusal(what); },
    [this](const leave_gateway& what) { on_leave(what); },
    [this](call_id id, link_query) {
      detail::deliver(current_sender(), nullptr, id,
                      local_reply{std::make_shared<link_state>(state_told())});
    },
    [this](const leaving& what) {
      farewells_expected_ = what.loops;
      drain_when_last_farewell();
    },
    [this](const farewell&) {
      ++farewells_;
      drain_when_last_farewell();
    },
    [this](drained) {
      if (++drained_ == how_.announcement.dispatchers.size() + (how_.desk ? 1 : 0))
        detail::deliver(gateway_, caf::strong_actor_ptr{ctrl()}, probe{});
    },
    [this](gateway_list& what) { on_list(what); },
    [this](peer_list& what) {
      if (gateway_ && current_sender() == gateway_)
        detail::deliver(how_.desk, caf::strong_actor_ptr{ctrl()}, std::move(what));
    },
    [this](peer_message& what) { pass_on(std::move(what)); },
    [this](topic_interest& what) { pass_on(std::move(what)); },
    [this](topic_message& what) { pass_on(std::move(what)); },
    [this](topic_credit what) { pass_on(std::move(what)); },
    [this](stop_request) {
      if (!gateway_ || current_sender() != gateway_)
        return;
      spdlog::info("gateway {} asks this node to stop", address_);
      ::kill(::getpid(), SIGTERM);
    },
    [this](const probe&) {
      if (state_ == state::leaving && current_sender() == gateway_)
        end(); // everything that was sent before has arrived
    },
  };
}

void gateway_link::on_exit() {
  state_ = state::ended;
  retry_.disarm();
  stop_trying();
  connection_.hang_up();
  resolver_.reset(); // it must not outlive the loop
  gateway_ = nullptr;
  how_ = {};
}

void gateway_link::connect() {
  state_ = state::connecting;
  ++attempt_;
  retry_.arm(
    loop().timers(), std::chrono::steady_clock::now() + how_.join_limit,
    [](void* self) { static_cast<gateway_link*>(self)->give_up_attempt("no answer in time"); },
    this);
  boost::system::error_code no_literal;
  if (auto address = boost::asio::ip::make_address(host_, no_literal); !no_literal) {
    addresses_ = {{address, port_}};
    try_next_address();
  } else {
    resolve();
  }
}

void gateway_link::resolve() {
  resolver_->async_resolve(
    host_, std::to_string(port_),
    [this, attempt = attempt_, alive = caf::strong_actor_ptr{ctrl()}](
      boost::system::error_code ec, const tcp::resolver::results_type& found) {
      if (state_ != state::connecting || attempt != attempt_)
        return;
      if (ec) {
        give_up_attempt(ec.message());
        return;
      }
      addresses_.clear();
      for (const auto& each : found)
        addresses_.push_back(each.endpoint());
      // Each attempt begins with another one: the first may swallow what it is sent, all the time.
      auto first = static_cast<std::ptrdiff_t>((attempt - 1) % addresses_.size());
      std::rotate(addresses_.begin(), addresses_.begin() + first, addresses_.end());
      try_next_address();
    });
}

void gateway_link::try_next_address() {
  auto where = addresses_.front();
  addresses_.erase(addresses_.begin());
  socket_ = std::make_shared<tcp::socket>(loop().io());
  socket_->async_connect(where, [this, attempt = attempt_, socket = socket_,
                                 alive = caf::strong_actor_ptr{ctrl()}](boost::system::error_code ec) {
    if (state_ != state::connecting || attempt != attempt_)
      return;
    if (ec)
      return try_another(ec.message());
    socket->native_non_blocking(true, ec);
    connection_end_ = std::make_shared<connection_end>();
    handshake_ = detail::make_connection(system(), socket->native_handle(),
                                         how_.tls ? how_.tls->to_gateway(host_) : nullptr, detail::frame_guard::end::worker);
    handshake_->on_problem([end = connection_end_](const std::string& why, bool suspect) {
      end->why = why;
      end->suspect = suspect;
      end->told = true;
    });
    shake_hands();
  });
}

void gateway_link::shake_hands() {
  using step = detail::peer_connection::step;
  const auto now = handshake_->shake_hands();
  if (now == step::done)
    return ask_middleman();
  if (now == step::failed)
    return try_another(std::string{handshake_->problem()});
  socket_->async_wait(now == step::wait_to_read ? tcp::socket::wait_read : tcp::socket::wait_write,
                      [this, attempt = attempt_, socket = socket_, alive = caf::strong_actor_ptr{ctrl()}](
                        boost::system::error_code ec) {
                        if (!ec && state_ == state::connecting && attempt == attempt_ && socket == socket_)
                          shake_hands();
                      });
}

/// CAF's own way to connect blocks, in one thread for all links of a node: it is given a connection instead.
void gateway_link::ask_middleman() {
  boost::system::error_code failed;
  const auto socket = std::exchange(socket_, nullptr)->release(failed);
  auto made = std::move(handshake_);
  if (failed)
    return try_another(failed.message());
  connection_ = detail::adopt(system(), socket, std::move(made));
  request(detail::middleman_broker(system()), caf::infinite, caf::connect_atom::value, connection_.scribe(), port_)
    .then(
      [this, attempt = attempt_](const caf::node_id&, caf::strong_actor_ptr& gateway, const std::set<std::string>&) {
        if (state_ == state::connecting && attempt == attempt_)
          gateway ? greet(gateway) : give_up_attempt("no gateway is published there");
      },
      [this, attempt = attempt_, end = connection_end_](const caf::error&) {
        if (state_ == state::connecting && attempt == attempt_)
          try_another(end->told ? end->why : "what answers there is no gateway's cluster address");
      });
}

void gateway_link::try_another(const std::string& why) {
  if (addresses_.empty())
    return give_up_attempt(why);
  stop_trying();
  try_next_address();
}

void gateway_link::stop_trying() {
  boost::system::error_code ignored;
  resolver_->cancel();
  handshake_ = nullptr;
  if (auto socket = std::exchange(socket_, nullptr))
    socket->close(ignored);
}

void gateway_link::give_up_attempt(const std::string& why) {
  stop_trying();
  why_not_joined_ = "cannot be reached: " + why;
  if (told_problems_.insert(why).second)
    spdlog::warn("gateway {} cannot be reached, trying on: {}", address_, why);
  if (gateway_) {
    demonitor(caf::actor_cast<caf::actor_addr>(gateway_));
    tell_uplink_lost(); // it may have taken the node in
  }
  gateway_ = nullptr;
  connection_.hang_up();
  retry_with_backoff();
}

void gateway_link::greet(const caf::strong_actor_ptr& gateway) {
  stop_trying();
  state_ = state::greeting;
  gateway_ = gateway;
  monitor(gateway);
  detail::deliver(gateway, caf::strong_actor_ptr{ctrl()},
                  hello{protocol_version, how_.announcement.node,
                        std::string{config::framework_version()}});
}

void gateway_link::on_welcome(const welcome& what) {
  if (current_sender() != gateway_)
    return;
  const caf::strong_actor_ptr self{ctrl()};
  if (state_ == state::greeting && (what.protocol < oldest_protocol || what.protocol > protocol_version)) {
    part_after_refusal("it speaks cluster protocol " + std::to_string(what.protocol) + ", this node speaks "
                       + std::to_string(oldest_protocol) + " to " + std::to_string(protocol_version));
  } else if (state_ == state::greeting) {
    state_ = state::joining;
    if (how_.as_gateway)
      detail::deliver(gateway_, self, gateway_request{*how_.as_gateway});
    else
      detail::deliver(gateway_, self, join_request{how_.announcement});
  } else if (state_ == state::joining) {
    state_ = state::joined;
    retry_.disarm();
    backoff_ = first_backoff;
    told_problems_.clear();
    last_refusal_.clear();
    spdlog::info("joined gateway {}", address_);
  }
}

void gateway_link::on_list(gateway_list& what) {
  if (gateway_ && current_sender() == gateway_)
    detail::deliver(how_.keeper, caf::strong_actor_ptr{ctrl()}, std::move(what));
}

void gateway_link::on_refusal(const refusal& what) {
  if (!gateway_ || current_sender() != gateway_)
    return;
  if (state_ == state::leaving) {
    end(); // it has not taken the node in
    return;
  }
  part_after_refusal(what.reason);
}

void gateway_link::part_after_refusal(const std::string& reason) {
  if (last_refusal_ != reason)
    spdlog::error("refused by gateway {}: {}", address_, reason);
  last_refusal_ = reason;
  why_not_joined_ = "it refuses this node: " + reason;
  demonitor(caf::actor_cast<caf::actor_addr>(gateway_));
  gateway_ = nullptr;
  tell_uplink_lost();
  connection_.hang_up();
  retry_after(after_refusal);
}

void gateway_link::on_lost(const caf::actor_addr& who) {
  if (!gateway_ || caf::actor_cast<caf::actor_addr>(gateway_) != who)
    return;
  gateway_ = nullptr;
  tell_uplink_lost();
  connection_.hang_up();
  if (state_ == state::leaving) {
    end();
    return;
  }
  why_not_joined_ = "the connection was lost";
  if (state_ == state::joined)
    last_joined_ = std::chrono::steady_clock::now();
  if (state_ == state::joined)
    spdlog::warn("lost gateway {}{}", address_,
                 connection_end_->told && connection_end_->suspect ? ": " + connection_end_->why : "");
  retry_with_backoff();
}

link_state gateway_link::state_told() const {
  if (state_ == state::joined)
    return {address_, true, {}};
  const auto is_over = state_ == state::leaving || state_ == state::ended;
  return {address_, false, is_over ? "this node leaves it" : why_not_joined_};
}

void gateway_link::on_leave(const leave_gateway& what) {
  done_ = what.done;
  retry_.disarm();
  if (how_.as_gateway)
    return end(); // nobody sends it anything
  // Taken in perhaps, while the word of it is on its way.
  if (state_ != state::joined && state_ != state::joining) {
    end();
    return;
  }
  state_ = state::leaving;
  detail::deliver(gateway_, caf::strong_actor_ptr{ctrl()}, leave_request{how_.announcement.node});
}

/// From the gateway to the desk, or from the desk to the gateway.
template <class Message>
void gateway_link::pass_on(Message&& what) {
  if (!gateway_)
    return; // the desk is told
  const bool comes_in = current_sender() == gateway_;
  if (comes_in || current_sender() == how_.desk)
    detail::deliver(comes_in ? how_.desk : gateway_, caf::strong_actor_ptr{ctrl()}, std::forward<Message>(what));
}

void gateway_link::tell_uplink_lost() {
  detail::deliver(how_.desk, caf::strong_actor_ptr{ctrl()}, uplink_lost{});
}

void gateway_link::drain_when_last_farewell() {
  if (state_ != state::leaving || !farewells_expected_ || farewells_ < *farewells_expected_)
    return;
  farewells_expected_.reset(); // once
  for (const auto& each : how_.announcement.dispatchers)
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(each), caf::strong_actor_ptr{ctrl()},
                    drain{});
  detail::deliver(how_.desk, caf::strong_actor_ptr{ctrl()}, drain{}); // behind all that it has been asked
}

void gateway_link::end() {
  state_ = state::ended;
  stop_trying();
  if (gateway_)
    demonitor(caf::actor_cast<caf::actor_addr>(gateway_));
  gateway_ = nullptr; // what it still sends is not for us
  tell_uplink_lost();
  if (auto done = std::exchange(done_, nullptr))
    done();
}

void gateway_link::retry_after(std::chrono::milliseconds delay) {
  if (how_.forget_after.count() > 0 && std::chrono::steady_clock::now() - last_joined_ > how_.forget_after) {
    spdlog::info("gateway {} is forgotten: it has not been reached for {} s", address_,
                 std::chrono::duration_cast<std::chrono::seconds>(how_.forget_after).count());
    end();
    detail::deliver(how_.keeper, caf::strong_actor_ptr{ctrl()}, link_given_up{});
    return;
  }
  state_ = state::waiting;
  retry_.arm(
    loop().timers(), std::chrono::steady_clock::now() + delay,
    [](void* self) { static_cast<gateway_link*>(self)->connect(); }, this);
}

void gateway_link::retry_with_backoff() {
  const auto delay = detail::by_chance(backoff_, backoff_ + backoff_ / 4);
  backoff_ = std::min(backoff_ * 2, longest_backoff);
  retry_after(delay);
}

} // namespace troupe
