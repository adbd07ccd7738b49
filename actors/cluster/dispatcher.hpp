#pragma once

#include "actors/detail/busy_gauge.hpp"
#include "actors/detail/caf.hpp"
#include "actors/detail/event_loop.hpp"
#include "actors/detail/lateness.hpp"
#include "actors/messages/cluster.hpp"

#include <caf/behavior.hpp>

#include <chrono>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe {

/// Message to a dispatcher: answer `drained` as soon as no request is in work.
struct drain {};
struct drained {};

/// Hands the requests that come from gateway nodes to the workers of one event loop, and sends
/// their answers back: one message per loop turn and gateway loop. The parts of streams go by themselves. What comes so
/// late that nobody waits for it any more is not begun.
/// What has no sender comes from a worker.
class dispatcher : public detail::exposed_actor, private detail::deferred {
public:
  /// `workers` maps a service's name to the actor that answers for it on this loop.
  dispatcher(caf::actor_config& config, detail::event_loop& loop,
             std::map<std::string, caf::strong_actor_ptr> workers);

  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct pending {
    caf::strong_actor_ptr gateway;
    call_id call;
    const caf::strong_actor_ptr* worker = nullptr; // in workers_
  };

  void on_batch(request_batch& batch);
  void run_deferred() override;
  void on_stream(stream_request& what);
  void on_head(call_id id, troupe::response& what, stream_start start);
  void on_part(call_id id, body_part& what);
  void on_credit(call_id id, body_credit what);
  void on_abandoned(call_id id);
  [[nodiscard]] std::chrono::milliseconds lateness_of(std::uint64_t sent_at);
  std::uint64_t begin(remote_request& what, std::chrono::milliseconds late);
  /// The worker's number of a gateway's call; 0: it has ended.
  [[nodiscard]] std::uint64_t find_stream(call_id id);
  void forget(std::uint64_t id);
  void on_gateway_lost(const caf::actor_addr& gateway);
  void on_answer(call_id id, remote_response&& answer);
  void send_answers();
  void report_drained();

  std::map<std::string, caf::strong_actor_ptr, std::less<>> workers_;
  std::unordered_map<std::uint64_t, pending> pending_;
  /// Those whose parts come from the gateway, by its actor and number.
  std::map<std::pair<caf::strong_actor_ptr, std::uint64_t>, std::uint64_t> streams_;
  std::map<caf::actor_addr, detail::lateness_gauge> gateways_; // monitored
  std::uint64_t last_id_ = 0;
  detail::busy_gauge busy_;
  std::size_t begun_ = 0; // in this step of the loop
  std::uint64_t begun_at_ = 0; // a cycle_count()
  std::map<caf::strong_actor_ptr, response_batch> answers_;
  bool flush_posted_ = false;
  std::vector<caf::strong_actor_ptr> waiting_for_drain_;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::drained)
