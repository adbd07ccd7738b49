#pragma once

#include "actors/detail/coroutine_actor.hpp"
#include "actors/detail/near.hpp"
#include "actors/messages/call.hpp"
#include "actors/service.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::detail {

/// Answers the requests of one service on one event loop. Takes `(call_id, request)`, answers with
/// `(call_id, response)` or `(call_id, failure)`. A body that comes, or goes, as a stream:
///
///     (call_id, request, stream_start), then (call_id, body_part) ... <-- (call_id, body_credit) ...
///     (call_id, response, stream_start), then the same the other way, or (call_id, failure)
///
/// The last `body_part` of the answer, or an answer of the other kinds, ends the request.
///
/// When it fails, that is when an actor of its own is beyond help, its requests in work are answered
/// with 500, all that it has made is ended, and it goes on with the next request.
class worker_actor : public coroutine_actor, public deferred, public near_worker {
public:
  worker_actor(caf::actor_config& config, event_loop& loop, node_services_ptr node,
               std::shared_ptr<const service> definition);
  ~worker_actor() override;

  caf::behavior make_behavior() override;
  caf::resumable::resume_result resume(caf::execution_unit* unit, std::size_t most) override;
  void run_deferred() override;
  void on_exit() override;

  bool take_request(call_id id, troupe::request&& what, near_asker& from,
                    caf::strong_actor_ptr address) override;
  caf::strong_actor_ptr address() noexcept override { return caf::strong_actor_ptr{ctrl()}; }

  [[nodiscard]] std::string host_name() const override;
  [[nodiscard]] actor_view view() const override;
  [[nodiscard]] bool is_service() const noexcept override { return true; }
  void child_lost(const std::string& why) override;

protected:
  void drop_work() override;
  void bounce(caf::mailbox_element& what) override;

private:
  struct call;
  struct streams;

  void begin(std::unique_ptr<call> made, bool streamed);
  void begin_waiting();
  void begin_trace(call& of);
  task<troupe::response> call_handler(call& started, bool streamed);
  task<troupe::response> call_socket(call& started, const websocket_handler& handle);
  streams& streams_of(call& of);
  call* find_streamed(call_id id);
  void on_part(call_id id, body_part&& what);
  void on_credit(call_id id, body_credit what);
  void begin_body(call& of, troupe::response&& head);
  void start_producing(call& of);
  void end_body(call& of) noexcept;
  void end_socket(call& of) noexcept;
  void cut_off(call& from) noexcept;
  void abandon(call_id id);
  std::unique_ptr<call> new_call(call_id id, troupe::request&& what, caf::strong_actor_ptr from);
  static void send_answer(call& to, troupe::response&& what);
  static void send_answer(call& to, const failure& why);
  void recycle(std::unique_ptr<call> ended) noexcept;
  void finish(call& ended) noexcept;
  void retire(call& ended) noexcept;
  [[nodiscard]] bool answer(call& ended) noexcept;
  void end_calls(const failure& why) noexcept;
  void begin_anew();

  std::shared_ptr<const service> definition_;
  std::vector<const std::string*> labels_; // of the routes
  std::vector<call*> running_;
  std::map<std::pair<const void*, std::uint64_t>, call*> streamed_; // by sender and its number
  std::vector<call*> to_produce_; // bodies of responses, from the bottom of the stack
  std::vector<std::unique_ptr<call>> waiting_;     // those that have come from nearby
  std::vector<std::unique_ptr<call>> waiting_now_; // the list being begun
  std::vector<std::unique_ptr<call>> ended_;
  std::vector<std::unique_ptr<call>> ended_now_;
  std::vector<std::unique_ptr<call>> spare_;
  std::uint64_t handled_ = 0;
  std::uint32_t restarts_ = 0;
  std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
  bool failed_ = false;
  bool over_ = false;
};

} // namespace troupe::detail
