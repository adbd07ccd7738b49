#include "actors/cluster/dispatcher.hpp"

#include <boost/asio/post.hpp>

namespace troupe {

dispatcher::dispatcher(caf::actor_config& config, detail::event_loop& loop,
                       std::map<std::string, caf::strong_actor_ptr> workers)
  : detail::exposed_actor(config, loop), workers_(workers.begin(), workers.end()) {
}

caf::behavior dispatcher::make_behavior() {
  return {
    [this](request_batch& batch) { on_batch(batch); },
    [this](call_id id, troupe::response& what) {
      on_answer(id, remote_response{{}, false, std::move(what), {}});
    },
    [this](call_id id, failure& what) {
      on_answer(id, remote_response{{}, true, {}, std::move(what)});
    },
    [this](drain) {
      waiting_for_drain_.push_back(current_sender());
      report_drained();
    },
  };
}

void dispatcher::on_batch(request_batch& batch) {
  const auto& gateway = current_sender();
  if (!gateway)
    return;
  for (auto& item : batch.items) {
    auto id = ++last_id_;
    pending_.emplace(id, pending{gateway, item.call});
    if (auto found = workers_.find(item.service); found != workers_.end())
      detail::deliver(found->second, caf::strong_actor_ptr{ctrl()}, call_id{id},
                      std::move(item.request));
    else
      on_answer({id}, remote_response{{}, true, {}, {errc::internal, "no such service here"}});
  }
}

void dispatcher::on_answer(call_id id, remote_response&& answer) {
  auto found = pending_.find(id.value);
  if (found == pending_.end())
    return;
  answer.call = found->second.call;
  answers_[found->second.gateway].items.push_back(std::move(answer));
  pending_.erase(found);
  if (std::exchange(flush_posted_, true))
    return;
  // Behind what is ready on this loop: all answers of the turn share a message.
  boost::asio::post(loop().io(), [this, alive = caf::strong_actor_ptr{ctrl()}] { send_answers(); });
}

void dispatcher::send_answers() {
  flush_posted_ = false;
  for (auto& [gateway, batch] : std::exchange(answers_, {}))
    detail::deliver(gateway, caf::strong_actor_ptr{ctrl()}, std::move(batch));
  report_drained();
}

void dispatcher::report_drained() {
  if (!pending_.empty() || flush_posted_)
    return;
  for (const auto& who : std::exchange(waiting_for_drain_, {}))
    detail::deliver(who, caf::strong_actor_ptr{ctrl()}, drained{});
}

} // namespace troupe
