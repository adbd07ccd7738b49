#pragma once

#include "actors/cluster/cluster_tls.hpp"
#include "actors/cluster/dispatcher.hpp"
#include "actors/cluster/transport.hpp"
#include "actors/detail/caf.hpp"
#include "actors/messages/cluster.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <caf/behavior.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Message to a gateway link: leave the gateway, let the work end, then call `done` (on the link's
/// loop).
struct leave_gateway {
  std::function<void()> done;
};

/// Message to a gateway link, with a `call_id` before it: answered by `local_reply` with a `link_state`.
struct link_query {};

struct link_state {
  std::string gateway; // HOST:PORT
  bool joined = false;
  std::string why; // not; empty when it is
};

/// Message from a gateway link to its keeper: the gateway has not been reached for so long that nobody wants it.
struct link_given_up {};

/// A node's membership of one gateway: connects, joins, joins again after a loss.
///
///     waiting --timer--> connecting --> greeting --welcome--> joining --welcome--> joined
///        ^                   |              |                    |                   |
///        +----- backoff -----+------------ refusal or loss ------+-------------------+
///     joined --leave_gateway--> leaving: `leave_request`, all farewells, all drained, probe --> done
class gateway_link : public detail::exposed_actor {
public:
  struct options {
    /// What a worker node offers, and the dispatchers that serve it.
    join_request announcement = {};
    /// Of a gateway node, instead: it only wants to be known.
    std::optional<gateway_request> as_gateway = {};
    /// The node's peer_desk, or null.
    caf::strong_actor_ptr desk = nullptr;
    /// For connecting and joining together: a peer that says nothing is no gateway.
    std::chrono::milliseconds join_limit = std::chrono::seconds{5};
    /// Null: none.
    std::shared_ptr<const cluster_tls> tls = nullptr;
    /// Is told of other gateways, or null.
    caf::strong_actor_ptr keeper = nullptr;
    /// Without its gateway it gives up after so long; 0: never.
    std::chrono::milliseconds forget_after{0};
  };

  gateway_link(caf::actor_config& config, detail::event_loop& loop, std::string host,
               std::uint16_t port, options how);

  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  /// Written once, by who has the connection, which may be CAF's thread; read when it is there.
  struct connection_end {
    std::string why;
    bool suspect = false;
    std::atomic<bool> told{false};
  };

  enum class state { waiting, connecting, greeting, joining, joined, leaving, ended };

  void connect();
  void resolve();
  void try_next_address();
  void shake_hands();
  void ask_middleman();
  void try_another(const std::string& why);
  void stop_trying();
  void greet(const caf::strong_actor_ptr& gateway);
  void on_welcome(const welcome& what);
  void on_list(gateway_list& what);
  void on_refusal(const refusal& what);
  void part_after_refusal(const std::string& reason);
  void on_lost(const caf::actor_addr& who);
  void on_leave(const leave_gateway& what);
  template <class Message>
  void pass_on(Message&& what);
  void tell_uplink_lost();
  void drain_when_last_farewell();
  void end();
  void give_up_attempt(const std::string& why);
  void retry_after(std::chrono::milliseconds delay);
  void retry_with_backoff();
  [[nodiscard]] link_state state_told() const;

  std::string host_;
  std::uint16_t port_;
  std::string address_;
  options how_;
  state state_ = state::waiting;
  caf::strong_actor_ptr gateway_;
  detail::timer retry_;
  std::chrono::steady_clock::time_point last_joined_;
  std::chrono::milliseconds backoff_;
  std::string last_refusal_;
  std::string why_not_joined_ = "it is being asked";
  std::set<std::string> told_problems_; // since it was joined last: each is logged once
  std::uint64_t attempt_ = 0;
  std::optional<boost::asio::ip::tcp::resolver> resolver_; // none once it has ended
  std::vector<boost::asio::ip::tcp::endpoint> addresses_; // not tried yet in this attempt
  std::shared_ptr<boost::asio::ip::tcp::socket> socket_;   // until the middleman has it
  std::unique_ptr<detail::peer_connection> handshake_;     // the same
  detail::adopted_connection connection_;                  // from then on
  std::shared_ptr<connection_end> connection_end_;         // what becomes of it
  std::function<void()> done_;
  std::optional<std::uint32_t> farewells_expected_;
  std::uint32_t farewells_ = 0;
  std::size_t drained_ = 0;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::leave_gateway)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::link_query)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::link_given_up)
