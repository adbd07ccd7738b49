#include "actors/detail/state_actor.hpp"

#include <spdlog/spdlog.h>

namespace troupe::detail {

namespace {

/// With its text also where it is internal: who asked stands in the node's log with it, not before a
/// client.
failure describe_failure() {
  try {
    throw;
  } catch (const error& e) {
    return {e.code(), e.what()};
  } catch (const std::exception& e) {
    return {errc::internal, std::string{"a stateful actor failed: "} + e.what()};
  } catch (...) {
    return {errc::internal, "a stateful actor failed: an exception of unknown type"};
  }
}

} // namespace

state_actor::state_actor(caf::actor_config& config, event_loop& loop, const node_services& node,
                         std::shared_ptr<state_box> state)
  : coroutine_actor(config, loop, node), state_(std::move(state)) {}

caf::behavior state_actor::make_behavior() {
  return caf::message_handler{
    [this](call_id id, local_call& call) {
      waiting_.push_back({current_sender(), id, std::move(call.what)});
      start_next();
    },
  }.or_else(reply_handlers());
}

void state_actor::start_next() {
  while (!running_ && !waiting_.empty()) {
    running_ = true;
    work_ = waiting_.front().what->run(state_->get(), ctx());
    work_.start(*this);
    if (!ended_)
      return; // it waits for something; completed() is called later
    answer_current();
  }
}

void state_actor::completed() noexcept {
  ended_ = true;
  loop().defer(*this); // for an end outside of start_next
}

void state_actor::run_deferred() {
  if (ended_) {
    answer_current();
    start_next();
  }
  coroutine_actor::run_deferred();
}

void state_actor::answer_current() {
  auto& call = waiting_.front();
  try {
    auto value = work_.take();
    if (call.id.value != 0)
      deliver(call.from, nullptr, call.id, local_reply{std::move(value)});
  } catch (...) {
    auto failed = describe_failure();
    if (call.id.value != 0)
      deliver(call.from, nullptr, call.id, std::move(failed));
    else
      spdlog::error("a message that nobody waits for failed: {}", failed.detail);
  }
  work_.reset();
  waiting_.pop_front();
  running_ = ended_ = false;
}

void state_actor::drop_work() {
  work_.reset();
  for (const auto& call : waiting_)
    if (call.id.value != 0)
      deliver(call.from, nullptr, call.id, failure{errc::unavailable, "the actor has ended"});
  waiting_.clear();
}

void state_actor::on_exit() {
  coroutine_actor::on_exit();
  state_.reset(); // after the tasks that may refer to it
}

} // namespace troupe::detail
