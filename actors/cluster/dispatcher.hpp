#pragma once

#include "actors/detail/caf.hpp"
#include "actors/messages/cluster.hpp"

#include <caf/behavior.hpp>

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

/// Message to a dispatcher: answer `drained` as soon as no request is in work.
struct drain {};
struct drained {};

/// Hands the requests that come from gateway nodes to the workers of one event loop, and sends
/// their answers back: one message per loop turn and gateway loop.
class dispatcher : public detail::exposed_actor {
public:
  /// `workers` maps a service's name to the actor that answers for it on this loop.
  dispatcher(caf::actor_config& config, detail::event_loop& loop,
             std::map<std::string, caf::strong_actor_ptr> workers);

  caf::behavior make_behavior() override;

private:
  struct pending {
    caf::strong_actor_ptr gateway;
    call_id call;
  };

  void on_batch(request_batch& batch);
  void on_answer(call_id id, remote_response&& answer);
  void send_answers();
  void report_drained();

  std::map<std::string, caf::strong_actor_ptr, std::less<>> workers_;
  std::unordered_map<std::uint64_t, pending> pending_;
  std::uint64_t last_id_ = 0;
  std::map<caf::strong_actor_ptr, response_batch> answers_;
  bool flush_posted_ = false;
  std::vector<caf::strong_actor_ptr> waiting_for_drain_;
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::drained)
