#include "gateway/detail/gateway_actor.hpp"

#include "actors/detail/cycle_clock.hpp"
#include "actors/messages/local.hpp"
#include "gateway/detail/problem.hpp"
#include "gateway/detail/websocket_handshake.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>

namespace troupe::gateway {

namespace {

/// For connections that the kernel was making when they were sent elsewhere.
constexpr std::chrono::milliseconds handshake_time{200};

constexpr std::uint32_t index_of(std::uint64_t id) noexcept {
  return static_cast<std::uint32_t>(id);
}

detail::file_descriptor new_event() {
  detail::file_descriptor made{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!made)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  return made;
}

/// Null for those of another loop, which a singleton's may be, and for actors of other kinds.
std::vector<detail::near_worker*> near_workers(const std::vector<caf::strong_actor_ptr>& of,
                                               const detail::event_loop& loop) {
  std::vector<detail::near_worker*> out;
  for (const auto& each : of) {
    auto* found = caf::actor_cast<caf::abstract_actor*>(each);
    auto* pinned = dynamic_cast<detail::pinned_actor*>(found);
    const auto is_near = pinned != nullptr && &pinned->loop() == &loop;
    out.push_back(is_near ? dynamic_cast<detail::near_worker*>(found) : nullptr);
  }
  return out;
}

std::uint64_t random_start() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

} // namespace

gateway_actor::gateway_actor(caf::actor_config& config, detail::event_loop& loop, options how,
                             listening_socket listening)
  : detail::exposed_actor(config, loop), options_(std::move(how)),
    access_log_(options_.access, loop.timers()), last_request_id_(random_start()),
    pressure_(options_.http.queue_target), lag_probe_(*this) {
  poller_.emplace(loop.io());
  if (!poller_->add(lag_probe_.event.get(), lag_probe_))
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  listener_.emplace(loop, std::move(listening),
                    [this](detail::file_descriptor socket) { accept(std::move(socket)); });
}

gateway_actor::~gateway_actor() = default;

caf::behavior gateway_actor::make_behavior() {
  return {
    [this](call_id id, troupe::response& what) { take_answer(id, std::move(what)); },
    [this](call_id id, const failure& why) { take_answer(id, why); },
    [this](call_id id, troupe::response& what, stream_start start) {
      begin_answer(id, std::move(what), start);
    },
    [this](call_id id, body_part& what) { on_part(id, std::move(what)); },
    [this](call_id id, body_credit what) {
      if (const auto* to = find_call(id.value); to != nullptr)
        to->from->add_upload_credit(to->sequence, what.bytes);
    },
    [this](response_batch& batch) {
      for (auto& each : batch.items)
        each.failed ? take_answer(each.call, each.failure)
                    : take_answer(each.call, std::move(each.response));
    },
    [this](const view_changed& what) { on_view(what.view); },
    [this](const node_gone& what) { on_node_gone(what.id); },
    [this](const renew_tls& what) {
      if (options_.tls)
        options_.tls = what.context;
    },
    [this](const stop_serving& what) { on_stop(what.drained); },
    [this](took_over) {
      if (listener_ && listener_->is_open())
        stop_steering(listener_->native_handle());
    },
    [this](call_id id, figures_query) {
      detail::deliver(current_sender(), nullptr, id,
                      local_reply{std::make_shared<loop_figures>(figures())});
    },
  };
}

void gateway_actor::on_exit() {
  close_timer_.disarm();
  drained_ = nullptr;
  loop().undefer(*this);
  listener_.reset();
  for (auto& [each, owned] : std::exchange(sessions_, {}))
    owned->close();
  poller_.reset();
  calls_.clear();
  free_calls_.clear();
  view_.reset();
  nodes_.clear();
  drained_ = nullptr;
  access_log_.close();
}

// -- connections ------------------------------------------------------------------------------------

void gateway_actor::accept(detail::file_descriptor socket) {
  auto& counts = *options_.connections;
  auto made = std::make_shared<session>(*this, std::move(socket));
  session::counted_at counted_at;
  if (const auto& client = made->other_end(); !client.trusted()) // a proxy has those of many clients
    counted_at = counts.places_of(client.ip().value_or(config::ip_address{}));
  switch (counts.enter(counted_at)) {
  case connection_counts::verdict::too_many:
    ++traffic_.refused_connections;
    made->reject({errc::unavailable, "the server has as many connections as it may"});
    return;
  case connection_counts::verdict::too_many_of_client:
    ++traffic_.refused_connections_of_clients;
    made->reject({errc::too_many_requests, "the server has as many connections of this client as one "
                                           "may have"});
    return;
  case connection_counts::verdict::admitted: break;
  }
  ++traffic_.accepted_connections;
  sessions_.emplace(made.get(), made);
  made->start(counted_at);
}

void gateway_actor::forget(session& closed) {
  options_.connections->leave(closed.counted());
  sessions_.erase(&closed);
  report_drained();
}

void gateway_actor::report_drained() {
  if (sessions_.empty() && drained_ && !listener_->is_open())
    std::exchange(drained_, nullptr)();
}

void gateway_actor::warn_of_refusal(std::string_view client, std::string_view why) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_warning_)
    return;
  next_warning_ = now + std::chrono::seconds{1};
  spdlog::warn("closed a connection from {}: {}", client, why);
}

void gateway_actor::on_stop(std::function<void()> drained) {
  stopping_ = true;
  drained_ = std::move(drained);
  std::vector<std::shared_ptr<session>> present;
  for (auto& [each, owned] : sessions_)
    present.push_back(owned);
  for (auto& each : present)
    each->drain();
  if (options_.shared_listeners == 0)
    return close_listener();
  // New connections go elsewhere from here on; those that are about to be made come here still.
  steer_to_successor(listener_->native_handle(), options_.shared_listeners);
  close_timer_.arm(
    loop().timers(), std::chrono::steady_clock::now() + handshake_time,
    [](void* self) { static_cast<gateway_actor*>(self)->close_listener(); }, this);
}

void gateway_actor::close_listener() {
  listener_->close();
  report_drained();
}

// -- nodes ------------------------------------------------------------------------------------------

void gateway_actor::on_view(std::shared_ptr<const cluster_view> view) {
  auto first = view_ == nullptr;
  send_batches(); // what is gathered goes where the old view says, ahead of any farewell
  nodes_by_place_.clear();
  for (const auto& [id, each] : nodes_)
    each->view = nullptr;
  for (const auto& each : view->nodes) {
    auto& state = nodes_[each.id];
    if (!state) {
      state = std::make_unique<node_state>();
      state->id = each.id;
    }
    state->view = &each;
    if (each.local)
      state->near = near_workers(each.workers[loop().index()], loop());
    else
      state->dispatcher = each.dispatchers[loop().index() % each.dispatchers.size()];
    nodes_by_place_.push_back(state.get());
  }
  if (!first)
    for (const auto& old : view_->nodes)
      if (auto found = nodes_.find(old.id);
          found != nodes_.end() && found->second->view == nullptr && old.agent) {
        end_websockets(old.id); // nothing else would end them before the node's time is over
        detail::deliver(old.agent, caf::strong_actor_ptr{ctrl()}, farewell{});
      }
  router_.emplace(*view);
  view_ = std::move(view);
  if (first)
    listener_->start();
}

void gateway_actor::end_websockets(std::uint64_t node) {
  std::vector<std::shared_ptr<session>> with_calls; // which ending them changes
  for (const auto& each : calls_)
    if (each.from && each.node != nullptr && each.node->id == node && each.streamed)
      with_calls.push_back(each.from);
  for (const auto& each : with_calls)
    each->end_websocket();
}

void gateway_actor::on_node_gone(std::uint64_t node) {
  std::vector<std::uint64_t> lost;
  for (std::uint32_t i = 0; i < calls_.size(); ++i)
    if (calls_[i].from && calls_[i].node != nullptr && calls_[i].node->id == node)
      lost.push_back((std::uint64_t{calls_[i].generation} << 32) | i);
  for (auto id : lost) {
    auto each = take_call(id, false);
    auto from = each.from;
    auto sequence = each.sequence;
    if (!retry(std::move(each)))
      from->fail(sequence, {errc::node_lost, "the worker node was lost before it answered; "
                                             "whether the request was carried out is unknown"});
  }
  nodes_.erase(node);
}

gateway_actor::node_state* gateway_actor::choose(const route_entry& entry, std::uint64_t except,
                                                 const route_candidate*& chosen) {
  node_state* best = nullptr;
  ++rotation_; // so that nodes with the same load take turns
  for (std::size_t i = 0; i < entry.candidates.size(); ++i) {
    const auto& each = entry.candidates[(i + rotation_) % entry.candidates.size()];
    auto* state = nodes_by_place_[each.node];
    if (state->id == except)
      continue;
    // Outstanding requests per event loop, compared without a division.
    if (best == nullptr
        || state->outstanding * best->view->capacity < best->outstanding * state->view->capacity) {
      best = state;
      chosen = &each;
    }
  }
  return best;
}

loop_figures gateway_actor::figures() {
  loop_figures out;
  out.loop = loop().index();
  out.traffic = traffic_;
  out.connections = sessions_.size();
  out.buffered_bytes = buffered_;
  for (const auto& [id, each] : nodes_)
    out.nodes[id] = {each->outstanding, each->answered};
  for (const auto& [name, each] : loads_)
    out.routes.push_back({each->counts(), each->in_work(), each->queued()});
  return out;
}

// -- requests ---------------------------------------------------------------------------------------

std::uint64_t gateway_actor::dispatch(std::shared_ptr<session> from, std::uint64_t sequence,
                                      troupe::request&& what, detail::steady_time now,
                                      arrival how) {
  if (options_.refuse)
    if (auto refused = options_.refuse(what)) {
      from->complete(sequence, std::move(*refused));
      return 0;
    }
  auto match = router_->find(what);
  if (match.entry == nullptr) {
    from->complete(sequence, not_routed(match, what));
    return 0;
  }
  const auto is_socket = match.entry->kind == route_kind::websocket;
  if (is_socket)
    if (auto refused = refuse_handshake(what, how == arrival::upgrade, options_.http)) {
      from->complete(sequence, std::move(*refused));
      return 0;
    }
  const auto streamed = is_socket || how == arrival::streamed;
  measure_lag(now);
  auto& load = load_of(*match.entry);
  from->count_at(sequence, load.counts());
  if (pressure_.sheds()) {
    load.counts().refused(refusal::overload);
    refuse(*from, sequence, "the server has more to do than it can", pressure_.retry_after());
    return 0;
  }
  if (buffers_full()) {
    load.counts().refused(refusal::buffers_full);
    refuse(*from, sequence, "the server keeps as many bytes for its clients as it may",
           load.retry_after());
    return 0;
  }
  what.time_left = options_.http.handler_timeout;
  if (load.may_start())
    return start(new_call(std::move(from), sequence, streamed), *match.entry, std::move(what));
  const auto id = new_call(std::move(from), sequence, streamed);
  if (load.enqueue(id, std::move(what), now))
    return id;
  load.counts().refused(refusal::queue_full);
  const auto refused = take_call(id, false);
  refuse(*refused.from, sequence, "too many requests wait for this route", load.retry_after());
  return 0;
}

void gateway_actor::refuse(session& from, std::uint64_t sequence, const char* why,
                           unsigned retry_after) {
  from.fail(sequence, {errc::unavailable, why}, retry_after);
}

route_load& gateway_actor::load_of(const route_entry& entry) {
  if (entry.load == nullptr) { // once for each view
    auto& known = loads_[entry.service + ' ' + entry.name];
    if (!known)
      known = std::make_unique<route_load>(options_.http, request_counts{entry.service, entry.name});
    entry.load = known.get();
  }
  return *entry.load;
}

gateway_actor::lag_probe::lag_probe(gateway_actor& of) : owner(of), event(new_event()) {}

void gateway_actor::lag_probe::on_socket(std::uint32_t events) {
  std::uint64_t written = 0;
  if ((events & EPOLLIN) != 0 && ::read(event.get(), &written, sizeof written) == sizeof written)
    owner.end_lag_measure(std::chrono::steady_clock::now());
}

/// How long what is ready on this loop takes.
void gateway_actor::measure_lag(detail::steady_time now) {
  if (!pressure_.begin_measure(now))
    return;
  const std::uint64_t one = 1;
  static_cast<void>(!::write(lag_probe_.event.get(), &one, sizeof one));
}

void gateway_actor::end_lag_measure(detail::steady_time now) noexcept {
  pressure_.end_measure(now);
  traffic_.lag.add(pressure_.lag());
}

/// Sends it to a node; 0 when there is none.
std::uint64_t gateway_actor::start(std::uint64_t id, const route_entry& entry,
                                   troupe::request&& what) {
  const route_candidate* chosen = nullptr;
  auto* to = choose(entry, 0, chosen);
  if (to == nullptr) {
    const auto refused = take_call(id, false);
    refused.from->fail(refused.sequence,
                       {errc::unavailable, "no node serves \"" + entry.service + "\" at present"});
    return 0;
  }
  send(id, *to, *chosen, entry, std::move(what));
  return id;
}

void gateway_actor::run_deferred() {
  for (auto* each : std::exchange(with_room_, {}))
    start_waiting(*each);
}

void gateway_actor::start_waiting(route_load& load) {
  const auto now = std::chrono::steady_clock::now();
  while (auto turn = load.next(now)) {
    auto& [call, what, since] = turn->next;
    if (find_call(call) == nullptr)
      continue; // given up
    if (turn->too_late) {
      load.counts().refused(refusal::waited_too_long);
      const auto refused = take_call(call, false);
      refuse(*refused.from, refused.sequence, "the request has waited too long for its turn",
             load.retry_after());
      continue;
    }
    auto match = router_->find(what); // the nodes may be others by now
    if (match.entry != nullptr) {
      start(call, *match.entry, std::move(what));
    } else {
      const auto refused = take_call(call, false);
      refused.from->complete(refused.sequence, not_routed(match, what));
    }
  }
}

troupe::response gateway_actor::not_routed(const route_match& match,
                                           const troupe::request& what) const {
  if (match.malformed)
    return problem({errc::invalid_argument,
                    "the path has a % without two hexadecimal digits, a NUL, or .. above its root"},
                   what.id);
  if (what.method == http_method::options && (!match.allowed.empty() || what.target == "*"))
    return match.allowed.empty() ? status(204)
                                 : status(204).with_header("Allow", match.allowed);
  if (match.allowed.empty() && view_->nodes.empty())
    return problem({errc::unavailable, "no worker node is joined at present"}, what.id);
  if (match.allowed.empty())
    return problem({errc::not_found, "no route for this path"}, what.id);
  return problem({errc::method_not_allowed, "this path does not answer to "
                                              + std::string{to_string(what.method)}},
                 what.id)
    .with_header("Allow", match.allowed);
}

gateway_actor::body_rules gateway_actor::rules_for(troupe::request& head) const {
  const auto match = router_->find(head);
  if (match.entry == nullptr)
    return {options_.http.max_body_bytes, false};
  return {match.entry->max_body != 0 ? match.entry->max_body : options_.http.max_body_bytes,
          match.entry->kind == route_kind::streamed};
}

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
  made.retried = false;
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
gateway_actor::call gateway_actor::take_call(std::uint64_t id, bool answered, bool overloaded) {
  auto& slot = calls_[index_of(id)];
  call out;
  out.from = std::move(slot.from);
  out.sequence = slot.sequence;
  out.node = slot.node;
  out.retried = slot.retried;
  out.near = slot.near;
  out.copy = std::move(slot.copy);
  out.worker = std::move(slot.worker);
  release_slot(id, answered, overloaded);
  return out;
}

/// REQUIRES: its session has been taken.
void gateway_actor::release_slot(std::uint64_t id, bool answered, bool overloaded) {
  auto& slot = calls_[index_of(id)];
  release_load(slot, overloaded);
  slot.near = nullptr;
  slot.copy.reset();
  slot.worker.reset();
  free_calls_.push_back(index_of(id));
  if (auto* node = std::exchange(slot.node, nullptr); node != nullptr) {
    --node->outstanding;
    node->answered += answered ? 1 : 0;
  }
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

void gateway_actor::send(std::uint64_t id, node_state& to, const route_candidate& chosen,
                         const route_entry& entry, troupe::request&& what) {
  auto& mine = calls_[index_of(id)];
  mine.load = &load_of(entry);
  mine.load->start();
  mine.node = &to;
  ++to.outstanding;
  what.route = chosen.route;
  for (std::size_t i = 0; i < what.parameters.size(); ++i)
    what.parameters[i].first = chosen.parameter_names[i];
  if (to.view->local && !mine.streamed)
    if (auto* near = to.near[chosen.service]; near != nullptr) {
      mine.near = near;
      if (!near->take_request({id}, std::move(what), *this, caf::strong_actor_ptr{ctrl()}))
        take_answer(call_id{id}, failure{errc::unavailable, "the actor has ended"});
      return;
    }
  if (to.view->local)
    mine.worker = to.view->workers[loop().index()][chosen.service];
  else if (mine.streamed)
    mine.worker = to.dispatcher;
  if (mine.streamed)
    mine.from->add_upload_credit(mine.sequence, stream_window);
  const caf::strong_actor_ptr self{ctrl()};
  if (to.view->local && mine.streamed)
    return detail::deliver(mine.worker, self, call_id{id}, std::move(what), stream_start{});
  if (to.view->local)
    return detail::deliver(mine.worker, self, call_id{id}, std::move(what));
  if (mine.streamed)
    return detail::deliver(mine.worker, self,
                           stream_request{{call_id{id}, entry.service, std::move(what)}});
  if (is_safe(what.method) && !mine.retried)
    mine.copy = std::make_unique<troupe::request>(what);
  to.batch.items.push_back({call_id{id}, entry.service, std::move(what)});
  if (std::exchange(batches_posted_, true))
    return;
  // Behind what is ready on this loop: all requests of the turn share a message.
  boost::asio::post(loop().io(),
                    [this, alive = caf::strong_actor_ptr{ctrl()}] { send_batches(); });
}

void gateway_actor::send_batches() {
  batches_posted_ = false;
  for (const auto& [id, each] : nodes_) {
    if (each->batch.items.empty())
      continue;
    auto batch = std::exchange(each->batch, {});
    detail::deliver(each->dispatcher, caf::strong_actor_ptr{ctrl()}, std::move(batch));
  }
}

void gateway_actor::give_up(std::uint64_t id, bool too_late) {
  if (find_call(id) == nullptr)
    return;
  const auto given_up = take_call(id, false, too_late);
  auto to = given_up.near != nullptr ? given_up.near->address() : given_up.worker;
  if (!to && given_up.node != nullptr) {
    send_batches(); // it may be among them
    to = given_up.node->dispatcher;
  }
  if (to)
    detail::deliver(to, caf::strong_actor_ptr{ctrl()}, call_id{id}, request_abandoned{});
}

void gateway_actor::take_answer(call_id id, troupe::response&& what) {
  if (const auto to = take_asker(id, what.status == 503 || what.status == 504); to.from)
    to.from->complete(to.sequence, std::move(what));
}

void gateway_actor::take_answer(call_id id, const failure& why) {
  const auto overloaded = status_of(why.code) == 503 || status_of(why.code) == 504;
  if (const auto to = take_asker(id, overloaded); to.from)
    to.from->fail(to.sequence, why);
}

/// For an answer that is whole.
gateway_actor::asker gateway_actor::take_asker(call_id id, bool overloaded) {
  auto* of = find_call(id.value);
  if (of == nullptr)
    return {};
  asker out{std::move(of->from), of->sequence};
  release_slot(id.value, true, overloaded);
  return out;
}

// -- streams ----------------------------------------------------------------------------------------

void gateway_actor::begin_answer(call_id id, troupe::response&& head, stream_start start) {
  auto* to = find_call(id.value);
  if (to == nullptr)
    return; // given up
  release_load(*to, head.status == 503 || head.status == 504);
  to->copy.reset(); // once it has begun, it cannot be sent elsewhere
  if (!to->worker)
    to->worker = to->near != nullptr ? to->near->address() : current_sender();
  const auto from = to->from; // the session may give the call up
  from->begin_stream(to->sequence, std::move(head), start.length);
}

void gateway_actor::on_part(call_id id, body_part&& what) {
  const auto* to = find_call(id.value);
  if (to == nullptr)
    return;
  const auto from = to->from;
  const auto sequence = to->sequence;
  if (what.last)
    static_cast<void>(take_call(id.value, true));
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

bool gateway_actor::retry(call&& lost) {
  if (!lost.copy || lost.retried)
    return false;
  auto what = std::move(*lost.copy);
  auto match = router_->find(what);
  const route_candidate* chosen = nullptr;
  auto* to = match.entry != nullptr ? choose(*match.entry, lost.node->id, chosen) : nullptr;
  if (to == nullptr)
    return false;
  auto from = lost.from;
  auto id = new_call(std::move(lost.from), lost.sequence, false);
  calls_[index_of(id)].retried = true;
  from->resent(lost.sequence, id);
  send(id, *to, *chosen, *match.entry, std::move(what));
  return true;
}

} // namespace troupe::gateway
