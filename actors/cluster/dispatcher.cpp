#include "actors/cluster/dispatcher.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace troupe {

dispatcher::dispatcher(caf::actor_config& config, detail::event_loop& loop,
                       std::map<std::string, caf::strong_actor_ptr> workers)
  : detail::exposed_actor(config, loop), workers_(workers.begin(), workers.end()) {
  set_down_handler([this](const caf::down_msg& down) { on_gateway_lost(down.source); });
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
    [this](stream_request& request) { on_stream(request); },
    [this](call_id id, troupe::response& what, stream_start start) { on_head(id, what, start); },
    [this](call_id id, body_part& what) { on_part(id, what); },
    [this](call_id id, body_credit what) { on_credit(id, what); },
    [this](call_id id, request_abandoned) { on_abandoned(id); },
    [this](drain) {
      waiting_for_drain_.push_back(current_sender());
      report_drained();
    },
  };
}

void dispatcher::on_exit() {
  loop().undefer(*this);
}

std::chrono::milliseconds dispatcher::lateness_of(std::uint64_t sent_at) {
  const auto [gateway, is_new] = gateways_.try_emplace(caf::actor_cast<caf::actor_addr>(current_sender()));
  if (is_new)
    monitor(current_sender());
  return gateway->second.on_message(sent_at, detail::lateness_gauge::clock::now());
}

/// The worker's number of the call; 0: it has been answered.
std::uint64_t dispatcher::begin(remote_request& what, std::chrono::milliseconds late) {
  const auto id = ++last_id_;
  const auto found = workers_.find(what.service);
  const bool is_over = what.request.time_left.count() > 0 && what.request.time_left <= late;
  const bool is_served = found != workers_.end() && !is_over;
  pending_.emplace(id, pending{current_sender(), what.call, is_served ? &found->second : nullptr});
  if (is_over)
    on_answer({id}, remote_response{{}, true, {}, {errc::deadline_exceeded,
                                                   "the request's time was over before it came to its node"}});
  else if (!is_served)
    on_answer({id}, remote_response{{}, true, {}, {errc::internal, "no such service here"}});
  else
    what.request.time_left -= std::min(what.request.time_left, late);
  return is_served ? id : 0;
}

void dispatcher::on_batch(request_batch& batch) {
  if (!current_sender())
    return;
  const auto late = lateness_of(batch.sent_at);
  if (begun_ == 0) {
    begun_at_ = detail::cycle_count();
    loop().defer(*this);
  }
  begun_ += batch.items.size();
  for (auto& item : batch.items)
    if (const auto id = begin(item, late); id != 0)
      detail::deliver(*pending_.at(id).worker, caf::strong_actor_ptr{ctrl()}, call_id{id},
                      std::move(item.request));
}

/// The workers have had their turn.
void dispatcher::run_deferred() {
  if (const auto begun = std::exchange(begun_, 0); begun != 0)
    busy_.learn(begun, detail::cycle_count() - begun_at_);
}

// -- streams ----------------------------------------------------------------------------------------

void dispatcher::on_stream(stream_request& request) {
  auto& what = request.what;
  if (!current_sender() || find_stream(what.call) != 0)
    return; // a number that is in use would mix two up
  const auto id = begin(what, lateness_of(request.sent_at));
  if (id == 0)
    return;
  streams_.emplace(std::pair{current_sender(), what.call.value}, id);
  detail::deliver(*pending_.at(id).worker, caf::strong_actor_ptr{ctrl()}, call_id{id},
                  std::move(what.request), stream_start{});
}

void dispatcher::on_head(call_id id, troupe::response& what, stream_start start) {
  const auto found = pending_.find(id.value);
  if (current_sender() || found == pending_.end())
    return;
  const auto& [gateway, call, worker] = found->second;
  streams_.emplace(std::pair{gateway, call.value}, id.value);
  detail::deliver(gateway, caf::strong_actor_ptr{ctrl()}, call_id{call}, std::move(what), start);
}

std::uint64_t dispatcher::find_stream(call_id id) {
  const auto found = streams_.find({current_sender(), id.value});
  return found != streams_.end() ? found->second : 0;
}

void dispatcher::on_part(call_id id, body_part& what) {
  const auto inward = static_cast<bool>(current_sender());
  const auto found = pending_.find(inward ? find_stream(id) : id.value);
  if (found == pending_.end())
    return; // it was answered or given up meanwhile
  const auto& [gateway, call, worker] = found->second;
  if (inward) {
    detail::deliver(*worker, caf::strong_actor_ptr{ctrl()}, call_id{found->first}, std::move(what));
    return;
  }
  const auto last = what.last;
  detail::deliver(gateway, caf::strong_actor_ptr{ctrl()}, call_id{call}, std::move(what));
  if (last) {
    forget(id.value);
    report_drained();
  }
}

void dispatcher::on_credit(call_id id, body_credit what) {
  const auto inward = static_cast<bool>(current_sender());
  const auto found = pending_.find(inward ? find_stream(id) : id.value);
  if (found == pending_.end())
    return;
  const auto& [gateway, call, worker] = found->second;
  detail::deliver(inward ? *worker : gateway, caf::strong_actor_ptr{ctrl()},
                  inward ? call_id{found->first} : call_id{call}, std::move(what));
}

void dispatcher::on_abandoned(call_id id) {
  auto mine = find_stream(id);
  if (mine == 0) // as rare as time-outs and lost clients: a search will do
    for (const auto& [number, each] : pending_)
      if (each.call.value == id.value && each.gateway == current_sender())
        mine = number;
  const auto found = pending_.find(mine);
  if (found == pending_.end())
    return;
  detail::deliver(*found->second.worker, caf::strong_actor_ptr{ctrl()}, call_id{mine},
                  request_abandoned{});
  forget(mine);
  report_drained();
}

/// Nobody waits for its requests any more, and nobody would take their streams.
void dispatcher::on_gateway_lost(const caf::actor_addr& gateway) {
  gateways_.erase(gateway);
  std::vector<std::uint64_t> lost;
  for (const auto& [id, each] : pending_)
    if (each.gateway == gateway)
      lost.push_back(id);
  for (const auto id : lost) {
    detail::deliver(*pending_.at(id).worker, caf::strong_actor_ptr{ctrl()}, call_id{id},
                    request_abandoned{});
    forget(id);
  }
  std::erase_if(answers_, [&](const auto& each) { return each.first == gateway; });
  report_drained();
}

void dispatcher::forget(std::uint64_t id) {
  const auto found = pending_.find(id);
  if (!streams_.empty())
    streams_.erase({found->second.gateway, found->second.call.value});
  pending_.erase(found);
}

// -- answers ----------------------------------------------------------------------------------------

void dispatcher::on_answer(call_id id, remote_response&& answer) {
  auto found = pending_.find(id.value);
  if (found == pending_.end())
    return;
  answer.call = found->second.call;
  answers_[found->second.gateway].items.push_back(std::move(answer));
  forget(id.value);
  if (std::exchange(flush_posted_, true))
    return;
  // Behind what is ready on this loop: all answers of the turn share a message.
  boost::asio::post(loop().io(), [this, alive = caf::strong_actor_ptr{ctrl()}] { send_answers(); });
}

void dispatcher::send_answers() {
  flush_posted_ = false;
  const auto busy_us = busy_.microseconds();
  for (auto& [gateway, batch] : std::exchange(answers_, {})) {
    batch.busy_us = busy_us;
    detail::deliver(gateway, caf::strong_actor_ptr{ctrl()}, std::move(batch));
  }
  report_drained();
}

void dispatcher::report_drained() {
  if (!pending_.empty() || flush_posted_)
    return;
  for (const auto& who : std::exchange(waiting_for_drain_, {}))
    detail::deliver(who, caf::strong_actor_ptr{ctrl()}, drained{});
}

} // namespace troupe
