#pragma once

#include "actors/detail/coroutine_actor.hpp"
#include "actors/messages/call.hpp"
#include "actors/service.hpp"

#include <memory>
#include <vector>

namespace troupe::detail {

/// Answers the requests of one service on one event loop. Takes `(call_id, request)`, answers with
/// `(call_id, response)` or `(call_id, failure)`.
class worker_actor : public coroutine_actor {
public:
  worker_actor(caf::actor_config& config, event_loop& loop, const node_services& node,
               std::shared_ptr<const service> definition);
  ~worker_actor() override;

  caf::behavior make_behavior() override;
  void run_deferred() override;

protected:
  void drop_work() override;

private:
  struct call;

  void begin(call_id id, troupe::request&& what);
  void finish(call& ended) noexcept;
  void answer(call& ended) noexcept;

  std::shared_ptr<const service> definition_;
  std::vector<call*> running_;
  std::vector<std::unique_ptr<call>> ended_;
  std::vector<std::unique_ptr<call>> spare_;
};

} // namespace troupe::detail
