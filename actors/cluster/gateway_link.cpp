#include "actors/cluster/gateway_link.hpp"

#include "actors/detail/chance.hpp"
#include "actors/messages/local.hpp"
#include "config/version.hpp"

#include <caf/atom.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

namespace {

using boost::asio::ip::tcp;

constexpr std::chrono::milliseconds first_backoff{50};
constexpr std::chrono::milliseconds longest_backoff{1000};
/// A refusal will not go away by itself soon.
constexpr std::chrono::milliseconds after_refusal{10000};

} // namespace

gateway_link::gateway_link(caf::actor_config& config, detail::event_loop& loop, std::string host,
                           std::uint16_t port, join_request announcement,
                           std::chrono::milliseconds join_limit)
  : detail::exposed_actor(config, loop), host_(std::move(host)), port_(port),
    address_(host_ + ":" + std::to_string(port)), announcement_(std::move(announcement)),
    join_limit_(join_limit), backoff_(first_backoff), resolver_(std::in_place, loop.io()) {
  set_down_handler([this](const caf::down_msg& down) { on_lost(down.source); });
}

caf::behavior gateway_link::make_behavior() {
  connect();
  return {
    [this](const welcome&) { on_welcome(); },
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
      if (++drained_ == announcement_.dispatchers.size())
        detail::deliver(gateway_, caf::strong_actor_ptr{ctrl()}, probe{});
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
  resolver_.reset(); // it must not outlive the loop
  gateway_ = nullptr;
  announcement_ = {};
}

void gateway_link::connect() {
  state_ = state::connecting;
  ++attempt_;
  retry_.arm(
    loop().timers(), std::chrono::steady_clock::now() + join_limit_,
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

/// CAF connects with a call that blocks, in the one thread that all links of a node share: it is
/// asked only for an address that has just been reached.
void gateway_link::try_next_address() {
  auto where = addresses_.front();
  addresses_.erase(addresses_.begin());
  trial_ = std::make_shared<tcp::socket>(loop().io());
  trial_->async_connect(where, [this, where, attempt = attempt_, trial = trial_,
                                alive = caf::strong_actor_ptr{ctrl()}](
                                 boost::system::error_code ec) {
    if (state_ != state::connecting || attempt != attempt_)
      return;
    trial_.reset();
    if (!ec)
      ask_middleman(where.address().to_string());
    else if (!addresses_.empty())
      try_next_address();
    else
      give_up_attempt(ec.message());
  });
}

void gateway_link::ask_middleman(const std::string& address) {
  if (std::exchange(asked_, true))
    return; // an earlier question is still open: its answer serves as well
  request(system().middleman().actor_handle(), caf::infinite, caf::connect_atom::value, address,
          port_)
    .then(
      [this](const caf::node_id&, caf::strong_actor_ptr& gateway, const std::set<std::string>&) {
        asked_ = false;
        if (state_ == state::connecting)
          gateway ? greet(gateway) : give_up_attempt("no gateway is published there");
      },
      [this](const caf::error&) {
        asked_ = false;
        if (state_ == state::connecting)
          give_up_attempt("what answers there is no gateway's cluster address");
      });
}

void gateway_link::stop_trying() {
  boost::system::error_code ignored;
  resolver_->cancel();
  if (auto trial = std::exchange(trial_, nullptr))
    trial->close(ignored);
}

void gateway_link::give_up_attempt(const std::string& why) {
  stop_trying();
  why_not_joined_ = "cannot be reached: " + why;
  if (told_problems_.insert(why).second)
    spdlog::warn("gateway {} cannot be reached, trying on: {}", address_, why);
  if (gateway_)
    demonitor(caf::actor_cast<caf::actor_addr>(gateway_));
  gateway_ = nullptr;
  retry_with_backoff();
}

void gateway_link::greet(const caf::strong_actor_ptr& gateway) {
  stop_trying();
  state_ = state::greeting;
  gateway_ = gateway;
  monitor(gateway);
  detail::deliver(gateway, caf::strong_actor_ptr{ctrl()},
                  hello{protocol_version, announcement_.node,
                        std::string{config::framework_version()}});
}

void gateway_link::on_welcome() {
  if (current_sender() != gateway_)
    return;
  if (state_ == state::greeting) {
    state_ = state::joining;
    detail::deliver(gateway_, caf::strong_actor_ptr{ctrl()}, join_request{announcement_});
  } else if (state_ == state::joining) {
    state_ = state::joined;
    retry_.disarm();
    backoff_ = first_backoff;
    told_problems_.clear();
    last_refusal_.clear();
    spdlog::info("joined gateway {}", address_);
  }
}

void gateway_link::on_refusal(const refusal& what) {
  if (!gateway_ || current_sender() != gateway_)
    return;
  if (state_ == state::leaving) {
    end(); // it has not taken the node in
    return;
  }
  if (last_refusal_ != what.reason)
    spdlog::error("refused by gateway {}: {}", address_, what.reason);
  last_refusal_ = what.reason;
  why_not_joined_ = "it refuses this node: " + what.reason;
  demonitor(caf::actor_cast<caf::actor_addr>(gateway_));
  gateway_ = nullptr;
  retry_after(after_refusal);
}

void gateway_link::on_lost(const caf::actor_addr& who) {
  if (!gateway_ || caf::actor_cast<caf::actor_addr>(gateway_) != who)
    return;
  gateway_ = nullptr;
  if (state_ == state::leaving) {
    end();
    return;
  }
  why_not_joined_ = "the connection was lost";
  if (state_ == state::joined)
    spdlog::warn("lost gateway {}", address_);
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
  // Taken in perhaps, while the word of it is on its way.
  if (state_ != state::joined && state_ != state::joining) {
    end();
    return;
  }
  state_ = state::leaving;
  detail::deliver(gateway_, caf::strong_actor_ptr{ctrl()}, leave_request{announcement_.node});
}

void gateway_link::drain_when_last_farewell() {
  if (state_ != state::leaving || !farewells_expected_ || farewells_ < *farewells_expected_)
    return;
  farewells_expected_.reset(); // once
  for (const auto& each : announcement_.dispatchers)
    detail::deliver(caf::actor_cast<caf::strong_actor_ptr>(each), caf::strong_actor_ptr{ctrl()},
                    drain{});
}

void gateway_link::end() {
  state_ = state::ended;
  stop_trying();
  if (gateway_)
    demonitor(caf::actor_cast<caf::actor_addr>(gateway_));
  gateway_ = nullptr; // what it still sends is not for us
  if (auto done = std::exchange(done_, nullptr))
    done();
}

void gateway_link::retry_after(std::chrono::milliseconds delay) {
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
