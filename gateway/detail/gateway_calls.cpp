// Calls: requests that nodes have, or that wait for their turn.
#include "gateway/detail/gateway_actor.hpp"

#include "actors/detail/cycle_clock.hpp"
#include "actors/detail/lateness.hpp"
#include "gateway/detail/problem.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace troupe::gateway {

namespace {

constexpr std::uint32_t index_of(std::uint64_t id) noexcept {
  return static_cast<std::uint32_t>(id);
}

/// Of one request, each to another node while there are any.
constexpr std::uint8_t most_repetitions = 3;

bool has_failed(node_record::outcome how) noexcept {
  return how == node_record::outcome::failed || how == node_record::outcome::timed_out;
}

/// For both: a node that has too much to do, or a route.
bool is_overload(std::uint16_t status) noexcept {
  return status == 503 || status == 504;
}

} // namespace

std::uint64_t gateway_actor::new_call(std::shared_ptr<session> from, std::uint64_t sequence,
                                      bool streamed) {
  if (free_calls_.empty()) {
    free_calls_.push_back(static_cast<std::uint32_t>(calls_.size()));
    calls_.emplace_back();
  }
  auto index = free_calls_.back();
  free_calls_.pop_back();
  auto& made = calls_[index];
  made.from = std::move(from);
  made.sequence = sequence;
  made.repeated = 0;
  made.rival = 0;
  made.timed = false;
  made.streamed = streamed;
  return (std::uint64_t{++made.generation} << 32) | index;
}

gateway_actor::call* gateway_actor::find_call(std::uint64_t id) {
  auto index = index_of(id);
  if (index >= calls_.size() || !calls_[index].from || calls_[index].generation != id >> 32)
    return nullptr;
  return &calls_[index];
}

/// REQUIRES: find_call(id) is not null.
gateway_actor::call gateway_actor::take_call(std::uint64_t id, outcome how) {
  auto& slot = calls_[index_of(id)];
  call out;
  out.from = std::move(slot.from);
  out.sequence = slot.sequence;
  out.node = slot.node;
  out.repeated = slot.repeated;
  out.rival = slot.rival;
  out.sent_at = slot.sent_at;
  out.near = slot.near;
  out.copy = std::move(slot.copy);
  out.worker = std::move(slot.worker);
  release_slot(id, how);
  return out;
}

/// REQUIRES: its session has been taken.
void gateway_actor::release_slot(std::uint64_t id, outcome how) {
  auto& slot = calls_[index_of(id)];
  release_node(slot, how); // which looks at the load
  release_load(slot, has_failed(how));
  slot.near = nullptr;
  slot.copy.reset();
  slot.worker.reset();
  free_calls_.push_back(index_of(id));
}

void gateway_actor::release_node(call& of, outcome how) {
  auto* node = std::exchange(of.node, nullptr);
  if (node == nullptr)
    return;
  const auto now = has_failed(how) || of.timed ? detail::coarse_now() : detail::steady_time{};
  if (of.timed && how != outcome::given_up && of.load != nullptr)
    node->record.learn_pace(of.load->compare(detail::cycle_count() - of.sent_at), now);
  if (node->record.end(how, now) && node->view != nullptr)
    spdlog::warn("node {} has failed too often in a row: it gets no requests for a while", node->view->name);
}

void gateway_actor::release_load(call& of, bool overloaded) {
  auto* load = std::exchange(of.load, nullptr);
  if (load == nullptr)
    return;
  load->end(detail::coarse_now(), overloaded); // which counts seconds
  if (load->queued() > 0) {
    with_room_.push_back(load);
    loop().defer(*this);
  }
}

void gateway_actor::send(std::uint64_t id, const node_table::choice& where, const route_entry& entry,
                         troupe::request&& what) {
  auto& mine = calls_[index_of(id)];
  auto& to = *where.to;
  mine.load = &load_of(entry);
  mine.load->start();
  mine.node = &to;
  to.record.begin();
  mine.timed = entry.candidates.size() > 1;
  if (mine.timed || !to.view->local)
    mine.sent_at = detail::cycle_count();
  what.route = where.candidate->route;
  for (std::size_t i = 0; i < what.parameters.size(); ++i)
    what.parameters[i].first = where.candidate->parameter_names[i];
  if (mine.from->has_traced())
    mine.from->sent_to(mine.sequence, to.view->name);
  const auto service = where.candidate->service;
  if (!to.view->local)
    return send_away(id, mine, entry, std::move(what));
  if (auto* near = to.near[service]; near != nullptr && !mine.streamed) {
    mine.near = near;
    if (!near->take_request({id}, std::move(what), *this, caf::strong_actor_ptr{ctrl()}))
      take_answer(call_id{id}, failure{errc::unavailable, "the actor has ended"});
    return;
  }
  mine.worker = to.view->workers[loop().index()][service];
  const caf::strong_actor_ptr self{ctrl()};
  if (!mine.streamed)
    return detail::deliver(mine.worker, self, call_id{id}, std::move(what));
  mine.from->add_upload_credit(mine.sequence, stream_window);
  detail::deliver(mine.worker, self, call_id{id}, std::move(what), stream_start{});
}

void gateway_actor::send_away(std::uint64_t id, call& mine, const route_entry& entry, troupe::request&& what) {
  auto& to = *mine.node;
  if (mine.streamed) {
    mine.worker = to.dispatcher;
    mine.from->add_upload_credit(mine.sequence, stream_window);
    return detail::deliver(mine.worker, caf::strong_actor_ptr{ctrl()},
                           stream_request{{call_id{id}, entry.service, std::move(what)}, detail::sending_time()});
  }
  if ((entry.idempotent || is_safe(what.method)) && mine.repeated < most_repetitions)
    mine.copy = std::make_unique<troupe::request>(what);
  if (mine.copy && mine.rival == 0 && entry.hedge_after.count() > 0 && is_safe(what.method))
    plan_hedge(id, entry.hedge_after);
  if (to.batch.items.empty())
    with_batch_.push_back(&to);
  to.batch.items.push_back({call_id{id}, entry.service, std::move(what)});
  if (std::exchange(batches_posted_, true))
    return;
  // Behind what is ready on this loop: all requests of the turn share a message.
  boost::asio::post(loop().io(),
                    [this, alive = caf::strong_actor_ptr{ctrl()}] { send_batches(); });
}

void gateway_actor::send_batches() {
  batches_posted_ = false;
  const auto now = detail::sending_time();
  for (auto* each : std::exchange(with_batch_, {})) {
    each->batch.sent_at = now;
    detail::deliver(each->dispatcher, caf::strong_actor_ptr{ctrl()}, std::exchange(each->batch, {}));
  }
}

void gateway_actor::give_up(std::uint64_t id, bool too_late) {
  auto* const call = find_call(id);
  if (call == nullptr)
    return;
  const auto how = too_late ? outcome::timed_out : outcome::given_up;
  const auto rival = part(*call);
  abandon(id, how);
  if (rival != 0)
    abandon(rival, how);
}

/// REQUIRES: find_call(id) is not null.
void gateway_actor::abandon(std::uint64_t id, outcome how) {
  const auto given_up = take_call(id, how);
  auto to = given_up.near != nullptr ? given_up.near->address() : given_up.worker;
  if (!to && given_up.node != nullptr) {
    send_batches(); // it may be among them
    to = given_up.node->dispatcher;
  }
  if (to)
    detail::deliver(to, caf::strong_actor_ptr{ctrl()}, call_id{id}, request_abandoned{});
}

void gateway_actor::take_answer(call_id id, troupe::response&& what) {
  if (const auto to = take_asker(id, is_overload(what.status)); to.from)
    to.from->complete(to.sequence, std::move(what));
}

void gateway_actor::take_answer(call_id id, const failure& why) {
  if (const auto to = take_asker(id, is_overload(status_of(why.code))); to.from)
    to.from->fail(to.sequence, why);
}

/// For an answer that is whole. Nobody, if another node has the request as well and may do better.
gateway_actor::asker gateway_actor::take_asker(call_id id, bool failed) {
  auto* of = find_call(id.value);
  if (of == nullptr)
    return {};
  const auto rival = part(*of);
  asker out{std::move(of->from), of->sequence};
  release_slot(id.value, failed ? outcome::failed : outcome::answered);
  if (rival == 0)
    return out;
  if (failed) {
    out.from->resent(out.sequence, rival);
    return {};
  }
  abandon(rival, outcome::overtaken);
  return out;
}

// -- streams ----------------------------------------------------------------------------------------

void gateway_actor::begin_answer(call_id id, troupe::response&& head, stream_start start) {
  auto* to = find_call(id.value);
  if (to == nullptr)
    return; // given up
  to->timed = false; // how long its body takes is up to others
  release_load(*to, is_overload(head.status));
  if (to->node != nullptr && !is_overload(head.status))
    to->node->record.answer_begun(detail::coarse_now());
  to->copy.reset(); // once it has begun, it cannot be sent elsewhere
  if (!to->worker)
    to->worker = to->near != nullptr ? to->near->address() : current_sender();
  const auto from = to->from; // the session may give the call up
  if (const auto rival = part(*to); rival != 0) {
    abandon(rival, outcome::overtaken);
    from->resent(to->sequence, id.value);
  }
  from->begin_stream(to->sequence, std::move(head), start.length);
}

void gateway_actor::on_part(call_id id, body_part&& what) {
  const auto* to = find_call(id.value);
  if (to == nullptr)
    return;
  const auto from = to->from;
  const auto sequence = to->sequence;
  if (what.last)
    static_cast<void>(take_call(id.value, outcome::answered));
  from->stream_part(sequence, std::move(what));
}

void gateway_actor::send_part(std::uint64_t call, body_part&& what) {
  if (const auto* to = find_call(call); to != nullptr)
    detail::deliver(to->worker, caf::strong_actor_ptr{ctrl()}, call_id{call}, std::move(what));
}

void gateway_actor::send_credit(std::uint64_t call, std::uint64_t bytes) {
  if (const auto* to = find_call(call); to != nullptr)
    detail::deliver(to->worker, caf::strong_actor_ptr{ctrl()}, call_id{call}, body_credit{bytes});
}

/// Another node for a request that one has had, counted in `as`; none: there is none, or no time, or too many have
/// been sent twice. `what` has as much time as is left.
std::optional<gateway_actor::other_way> gateway_actor::find_other_way(const call& had, troupe::request& what,
                                                                      detail::steady_time now, std::uint64_t& as) {
  const auto passed = static_cast<double>(detail::cycle_count() - had.sent_at) / detail::cycles_per_microsecond();
  what.time_left -= std::min(what.time_left, std::chrono::milliseconds{static_cast<long>(passed / 1000)});
  const auto match = nodes_.routes().find(what);
  if (match.entry == nullptr)
    return std::nullopt;
  const auto where = nodes_.choose(*match.entry, what, had.node->id, now);
  if (where.to == nullptr || what.time_left.count() == 0)
    return std::nullopt;
  const bool within_budget = retries_.take();
  ++(within_budget ? as : traffic_.not_repeated);
  return within_budget ? std::optional{other_way{match.entry, where}} : std::nullopt;
}

bool gateway_actor::retry(call&& lost) {
  if (!lost.copy)
    return false;
  auto what = std::move(*lost.copy);
  const auto way = find_other_way(lost, what, std::chrono::steady_clock::now(), traffic_.retried);
  if (!way)
    return false;
  auto from = lost.from;
  const auto id = new_call(std::move(lost.from), lost.sequence, false);
  calls_[index_of(id)].repeated = static_cast<std::uint8_t>(lost.repeated + 1);
  from->resent(lost.sequence, id);
  send(id, way->where, *way->entry, std::move(what));
  return true;
}

} // namespace troupe::gateway
