#pragma once

#include "actors/cluster/view.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/near.hpp"
#include "actors/detail/poller.hpp"
#include "config/settings.hpp"
#include "gateway/detail/access_log.hpp"
#include "gateway/detail/connection_counts.hpp"
#include "gateway/detail/hedge_queue.hpp"
#include "gateway/detail/listener.hpp"
#include "gateway/detail/loop_figures.hpp"
#include "gateway/detail/loop_pressure.hpp"
#include "gateway/detail/response_writer.hpp"
#include "gateway/detail/retry_budget.hpp"
#include "gateway/detail/route_load.hpp"
#include "gateway/detail/node_table.hpp"
#include "gateway/detail/session.hpp"
#include "gateway/detail/tracer.hpp"

#include <caf/behavior.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::gateway {

/// Message: accept no more connections, end the present ones, then call `drained` (on the loop).
struct stop_serving {
  std::function<void()> drained;
};

/// Message: connections that come from now on use these certificates; for who has TLS already.
struct renew_tls {
  std::shared_ptr<const tls_context> context;
};

/// Message: the gateway that this one takes over from has gone.
struct took_over {};

/// Message with a `call_id` before it; answered by `local_reply` with `loop_figures`.
struct figures_query {};

/// The gateway on one event loop: owns its listener and sessions, and turns each request into a
/// message to the worker with the least to do.
class gateway_actor : public detail::exposed_actor,
                      public detail::deferred,
                      private detail::near_asker {
public:
  struct options {
    config::http_settings http;
    access_format access = access_format::off;
    /// The connections of all loops that share a limit.
    std::shared_ptr<connection_counts> connections;
    /// The loops that listen on the address, when it is shared with a process that takes over; 0: it is not.
    unsigned shared_listeners = 0;
    /// The loops that send requests to the same nodes, and in which time a new node gets its share.
    unsigned loops = 1;
    std::chrono::milliseconds slow_start{0};
    /// This loop's share of http.max_buffered_bytes.
    std::size_t max_buffered = 0;
    /// Null: plain HTTP.
    std::shared_ptr<const tls_context> tls;
    /// The value of Strict-Transport-Security; empty: the field is left out.
    std::string hsts;
    /// Gives the answer for a request that must go no further; may be empty.
    std::function<std::optional<troupe::response>(const troupe::request&)> refuse;
    tracer::options traces = {};
  };

  gateway_actor(caf::actor_config& config, detail::event_loop& loop, options how,
                listening_socket listening);
  ~gateway_actor() override;

  caf::behavior make_behavior() override;
  void on_exit() override;
  void run_deferred() override;

  // -- for sessions, on the loop's thread -----------------------------------------------------------

  [[nodiscard]] const config::http_settings& settings() const noexcept { return options_.http; }
  [[nodiscard]] const std::shared_ptr<const tls_context>& tls() const noexcept {
    return options_.tls;
  }
  [[nodiscard]] detail::poller& sockets() noexcept { return *poller_; }
  [[nodiscard]] std::string_view hsts() const noexcept { return options_.hsts; }
  [[nodiscard]] access_log& access() noexcept { return access_log_; }
  [[nodiscard]] tracer& traces() noexcept { return tracer_; }
  [[nodiscard]] date_cache& date() noexcept { return date_; }
  /// No connection is kept alive any more.
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }
  std::uint64_t next_request_id() noexcept { return ++last_request_id_; }

  /// Who counts requests that are of no route.
  [[nodiscard]] request_counts& unrouted() noexcept { return traffic_.unrouted; }
  void count_received(std::size_t bytes) noexcept { traffic_.received_bytes += bytes; }
  void count_sent(std::size_t bytes) noexcept { traffic_.sent_bytes += bytes; }

  /// A connection keeps `present` bytes, which were `before`.
  void account(std::size_t present, std::size_t before) noexcept { buffered_ += present - before; }
  /// The loop's connections keep as much as they may: nothing is begun that would add to it.
  [[nodiscard]] bool buffers_full() const noexcept { return buffered_ >= options_.max_buffered; }

  /// What clients have of it at present: all 0 when the last one has gone.
  struct in_use {
    std::size_t connections = 0;
    std::size_t calls = 0;
    std::size_t buffered = 0;
    friend bool operator==(const in_use&, const in_use&) = default;
  };
  [[nodiscard]] in_use present() const noexcept {
    return {sessions_.size(), calls_.size() - free_calls_.size(), buffered_};
  }

  /// Sends the request on its way; its answer comes through `session::complete`, perhaps before
  /// this returns. Gives a number for `give_up`, 0 when it is answered already.
  /// `streamed`: its body comes through `send_part`, as `session::add_upload_credit` allows it; `upgrade`:
  /// it asks for a WebSocket, which it gets where its route is one.
  enum class arrival : std::uint8_t { whole, streamed, upgrade };
  std::uint64_t dispatch(std::shared_ptr<session> from, std::uint64_t sequence,
                         troupe::request&& what, detail::steady_time now, arrival how);

  /// How the body of a request is to be taken.
  struct body_rules {
    std::uint64_t max_body = 0;
    bool streamed = false;
  };
  [[nodiscard]] body_rules rules_for(troupe::request& head) const;

  /// The next part of the request's body, or credit for more parts of its answer.
  void send_part(std::uint64_t call, body_part&& what);
  void send_credit(std::uint64_t call, std::uint64_t bytes);

  /// The session does not wait for the answer any more; `too_late`: because it took too long.
  void give_up(std::uint64_t call, bool too_late);
  void forget(session& closed);
  /// Logs, at most once a second, why a connection was closed without an answer.
  void warn_of_refusal(std::string_view client, std::string_view why);

private:
  using node_state = node_table::node;

  /// An event that has its turn behind all sockets that are readable already.
  struct lag_probe final : detail::poller::watched {
    explicit lag_probe(gateway_actor& of);
    void on_socket(std::uint32_t events) override;

    gateway_actor& owner;
    detail::file_descriptor event;
  };

  /// A request that a worker has, or that waits for its turn.
  struct call {
    std::shared_ptr<session> from; // null: the slot is free
    std::uint64_t sequence = 0;
    std::uint32_t generation = 0;
    std::uint8_t repeated = 0;
    bool streamed = false;
    bool timed = false; // others might have had it: how long it takes is of interest
    std::uint64_t sent_at = 0; // a cycle_count()
    std::uint64_t rival = 0;   // the same request at another node; 0: there is none
    node_state* node = nullptr;
    route_load* load = nullptr;            // where it is in work; null: it waits for its turn
    detail::near_worker* near = nullptr;   // that has it; it stays in each view
    std::unique_ptr<troupe::request> copy; // of a request to a remote node that may be repeated
    caf::strong_actor_ptr worker;          // another one of this node, or a stream's dispatcher
  };

  /// Who waits for an answer; null: it has been given up.
  struct asker {
    std::shared_ptr<session> from;
    std::uint64_t sequence = 0;
  };

  void accept(detail::file_descriptor socket, std::optional<config::ip_address> client_ip);
  void on_view(std::shared_ptr<const cluster_view> view);
  void end_websockets(std::uint64_t node);
  void on_node_gone(std::uint64_t node);
  void on_stop(std::function<void()> drained);
  void close_listener();
  void report_drained();
  [[nodiscard]] loop_figures figures();

  route_load& load_of(const route_entry& entry);
  void measure_lag(detail::steady_time now);
  void end_lag_measure(detail::steady_time now) noexcept;
  static void refuse(session& from, std::uint64_t sequence, const char* why, unsigned retry_after);
  std::uint64_t start(std::uint64_t id, const route_entry& entry, troupe::request&& what,
                      detail::steady_time now);
  void start_waiting(route_load& load);
  std::uint64_t new_call(std::shared_ptr<session> from, std::uint64_t sequence, bool streamed);
  void release_load(call& of, bool overloaded);
  void begin_answer(call_id id, troupe::response&& head, stream_start start);
  void on_part(call_id id, body_part&& what);
  call* find_call(std::uint64_t id);
  using outcome = node_record::outcome;
  call take_call(std::uint64_t id, outcome how);
  void release_slot(std::uint64_t id, outcome how);
  void release_node(call& of, outcome how);
  asker take_asker(call_id id, bool failed);
  void send(std::uint64_t id, const node_table::choice& where, const route_entry& entry,
            troupe::request&& what);
  void send_away(std::uint64_t id, call& mine, const route_entry& entry, troupe::request&& what);
  void send_batches();
  void take_answer(call_id id, troupe::response&& what) override;
  void take_answer(call_id id, const failure& why) override;
  struct other_way {
    const route_entry* entry;
    node_table::choice where;
  };
  [[nodiscard]] std::optional<other_way> find_other_way(const call& had, troupe::request& what, detail::steady_time now,
                                                        std::uint64_t& as);
  bool retry(call&& lost);
  void abandon(std::uint64_t id, outcome how);
  void plan_hedge(std::uint64_t id, std::chrono::milliseconds after);
  void arm_hedges();
  void begin_hedges();
  void hedge(std::uint64_t id, detail::steady_time now);
  std::uint64_t part(call& of);
  [[nodiscard]] troupe::response not_routed(const route_match& match,
                                            const troupe::request& what) const;

  options options_;
  std::optional<detail::poller> poller_; // none after the end, as the next: sockets must not outlive the loop
  std::optional<listener> listener_;
  access_log access_log_;
  tracer tracer_;
  date_cache date_;
  std::uint64_t last_request_id_;
  std::unordered_map<session*, std::shared_ptr<session>> sessions_;
  node_table nodes_;
  retry_budget retries_;
  hedge_queue hedges_;
  detail::timer hedge_timer_;
  std::unordered_map<std::string, std::unique_ptr<route_load>> loads_;
  std::vector<route_load*> with_room_; // of which something may begin that waits
  loop_pressure pressure_;
  lag_probe lag_probe_;
  loop_traffic traffic_;
  std::size_t buffered_ = 0;
  std::vector<call> calls_;
  std::vector<std::uint32_t> free_calls_;
  bool batches_posted_ = false;
  std::vector<node_state*> with_batch_; // that have something in it
  bool stopping_ = false;
  detail::steady_time next_warning_{};
  detail::timer close_timer_;
  std::function<void()> drained_;
};

} // namespace troupe::gateway

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::gateway::stop_serving)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::gateway::renew_tls)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::gateway::took_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::gateway::figures_query)
