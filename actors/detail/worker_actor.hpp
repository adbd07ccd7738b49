#pragma once

#include "actors/detail/coroutine_actor.hpp"
#include "actors/messages/call.hpp"
#include "actors/service.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::detail {

/// Answers the requests of one service on one event loop. Takes `(call_id, request)`, answers with
/// `(call_id, response)` or `(call_id, failure)`.
///
/// When it fails, that is when an actor of its own is beyond help, its requests in work are answered
/// with 500, all that it has made is ended, and it goes on with the next request.
class worker_actor : public coroutine_actor, public deferred {
public:
  worker_actor(caf::actor_config& config, event_loop& loop, node_services_ptr node,
               std::shared_ptr<const service> definition);
  ~worker_actor() override;

  caf::behavior make_behavior() override;
  void run_deferred() override;
  void on_exit() override;

  [[nodiscard]] std::string host_name() const override;
  [[nodiscard]] actor_view view() const override;
  void child_lost(const std::string& why) override;

protected:
  void drop_work() override;
  void bounce(caf::mailbox_element& what) override;

private:
  struct call;

  void begin(call_id id, troupe::request&& what);
  void abandon(call_id id);
  std::unique_ptr<call> new_call();
  void finish(call& ended) noexcept;
  void retire(call& ended) noexcept;
  void answer(call& ended) noexcept;
  void end_calls(const failure& why) noexcept;
  void begin_anew();

  std::shared_ptr<const service> definition_;
  std::vector<const std::string*> labels_; // of the routes
  std::vector<call*> running_;
  std::vector<std::unique_ptr<call>> ended_;
  std::vector<std::unique_ptr<call>> spare_;
  std::uint64_t handled_ = 0;
  std::uint32_t restarts_ = 0;
  std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
  bool failed_ = false;
};

} // namespace troupe::detail
