#pragma once

#include "actors/detail/coroutine_actor.hpp"
#include "actors/messages/call.hpp"
#include "actors/messages/local.hpp"
#include "actors/stateful.hpp"

#include <deque>
#include <memory>

namespace troupe::detail {

/// Runs the messages of one stateful actor, one at a time and in order.
class state_actor : public coroutine_actor, public completion {
public:
  state_actor(caf::actor_config& config, event_loop& loop, const node_services& node,
              std::shared_ptr<state_box> state);

  caf::behavior make_behavior() override;
  void completed() noexcept override;
  void run_deferred() override;
  void on_exit() override;

protected:
  void drop_work() override;

private:
  struct waiting_call {
    caf::strong_actor_ptr from;
    call_id id;
    std::shared_ptr<local_message> what;
  };

  void start_next();
  void answer_current();

  std::shared_ptr<state_box> state_;
  std::deque<waiting_call> waiting_; // the first one is being handled while `running_`
  task<std::shared_ptr<void>> work_;
  bool running_ = false;
  bool ended_ = false; // the coroutine of the first one has ended, its answer is still to be sent
};

} // namespace troupe::detail
