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

/// Of one request, each to another node while there are any.
constexpr std::uint8_t most_repetitions = 3;

std::chrono::milliseconds time_since(std::uint64_t cycles) {
  const auto passed = static_cast<double>(detail::cycle_count() - cycles);
  return std::chrono::milliseconds{static_cast<long>(passed / detail::cycles_per_microsecond() / 1000)};
}

bool has_failed(node_record::outcome how) noexcept {
  return how == node_record::outcome::failed || how == node_record::outcome::timed_out;
}

/// For both: a node that has too much to do, or a route.
bool is_overload(std::uint16_t status) noexcept {
  return status == 503 || status == 504;
}

std::uint64_t random_start() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

} // namespace

gateway_actor::gateway_actor(caf::actor_config& config, detail::event_loop& loop, options how,
                             listening_socket listening)
  : detail::exposed_actor(config, loop), options_(std::move(how)),
    access_log_(options_.access, loop.timers()), tracer_(options_.traces), last_request_id_(random_start()),
    nodes_(loop, options_.loops, options_.slow_start), pressure_(options_.http.queue_target),
    lag_probe_(*this) {
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
  const auto is_first = nodes_.view() == nullptr;
  send_batches(); // what is gathered goes where the old view says, ahead of any farewell
  for (const auto& [id, agent] : nodes_.update(std::move(view), std::chrono::steady_clock::now())) {
    end_websockets(id); // nothing else would end them before the node's time is over
    detail::deliver(agent, caf::strong_actor_ptr{ctrl()}, farewell{});
  }
  if (is_first)
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
    auto each = take_call(id, outcome::given_up);
    auto from = each.from;
    auto sequence = each.sequence;
    if (!retry(std::move(each)))
      from->fail(sequence, {errc::node_lost, "the worker node was lost before it answered; "
                                             "whether the request was carried out is unknown"});
  }
  nodes_.forget(node);
}

loop_figures gateway_actor::figures() {
  loop_figures out;
  out.loop = loop().index();
  out.traffic = traffic_;
  out.connections = sessions_.size();
  out.buffered_bytes = buffered_;
  for (const auto& [id, each] : nodes_.all())
    out.nodes[id] = {each->record.outstanding(), each->record.answered()};
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
  auto match = nodes_.routes().find(what);
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
    return start(new_call(std::move(from), sequence, streamed), *match.entry, std::move(what), now);
  const auto id = new_call(std::move(from), sequence, streamed);
  if (load.enqueue(id, std::move(what), now))
    return id;
  load.counts().refused(refusal::queue_full);
  const auto refused = take_call(id, outcome::given_up);
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
                                   troupe::request&& what, detail::steady_time now) {
  retries_.count_request();
  const auto where = nodes_.choose(entry, 0, now);
  if (where.to != nullptr) {
    send(id, where, entry, std::move(what));
    return id;
  }
  const auto refused = take_call(id, outcome::given_up);
  if (entry.candidates.empty()) {
    refused.from->fail(refused.sequence,
                       {errc::unavailable, "no node serves \"" + entry.service + "\" at present"});
    return 0;
  }
  auto& load = load_of(entry);
  load.counts().refused(refusal::nodes_full);
  refuse(*refused.from, refused.sequence, "all nodes that serve it have as much in work as they take",
         load.retry_after());
  return 0;
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
      const auto refused = take_call(call, outcome::given_up);
      refuse(*refused.from, refused.sequence, "the request has waited too long for its turn",
             load.retry_after());
      continue;
    }
    auto match = nodes_.routes().find(what); // the nodes may be others by now
    if (match.entry != nullptr) {
      start(call, *match.entry, std::move(what), now);
    } else {
      const auto refused = take_call(call, outcome::given_up);
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
  if (match.allowed.empty() && nodes_.view()->nodes.empty())
    return problem({errc::unavailable, "no worker node is joined at present"}, what.id);
  if (match.allowed.empty())
    return problem({errc::not_found, "no route for this path"}, what.id);
  return problem({errc::method_not_allowed, "this path does not answer to "
                                              + std::string{to_string(what.method)}},
                 what.id)
    .with_header("Allow", match.allowed);
}

gateway_actor::body_rules gateway_actor::rules_for(troupe::request& head) const {
  const auto match = nodes_.routes().find(head);
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
  made.repeated = 0;
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
  if (entry.candidates.size() > 1) {
    mine.timed = true;
    mine.sent_at = detail::cycle_count();
  }
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
                           stream_request{{call_id{id}, entry.service, std::move(what)}});
  }
  if ((entry.idempotent || is_safe(what.method)) && mine.repeated < most_repetitions)
    keep_copy(mine, what);
  to.batch.items.push_back({call_id{id}, entry.service, std::move(what)});
  if (std::exchange(batches_posted_, true))
    return;
  // Behind what is ready on this loop: all requests of the turn share a message.
  boost::asio::post(loop().io(),
                    [this, alive = caf::strong_actor_ptr{ctrl()}] { send_batches(); });
}

void gateway_actor::keep_copy(call& mine, const troupe::request& what) {
  mine.copy = std::make_unique<troupe::request>(what);
  mine.sent_at = detail::cycle_count();
}

void gateway_actor::send_batches() {
  batches_posted_ = false;
  for (const auto& [id, each] : nodes_.all()) {
    if (each->batch.items.empty())
      continue;
    auto batch = std::exchange(each->batch, {});
    detail::deliver(each->dispatcher, caf::strong_actor_ptr{ctrl()}, std::move(batch));
  }
}

void gateway_actor::give_up(std::uint64_t id, bool too_late) {
  if (find_call(id) == nullptr)
    return;
  const auto given_up = take_call(id, too_late ? outcome::timed_out : outcome::given_up);
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

/// For an answer that is whole.
gateway_actor::asker gateway_actor::take_asker(call_id id, bool failed) {
  auto* of = find_call(id.value);
  if (of == nullptr)
    return {};
  asker out{std::move(of->from), of->sequence};
  release_slot(id.value, failed ? outcome::failed : outcome::answered);
  return out;
}

// -- streams ----------------------------------------------------------------------------------------

void gateway_actor::begin_answer(call_id id, troupe::response&& head, stream_start start) {
  auto* to = find_call(id.value);
  if (to == nullptr)
    return; // given up
  to->timed = false; // how long its body takes is up to others
  release_load(*to, is_overload(head.status));
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

bool gateway_actor::retry(call&& lost) {
  if (!lost.copy)
    return false;
  auto what = std::move(*lost.copy);
  what.time_left -= std::min(what.time_left, time_since(lost.sent_at));
  const auto now = std::chrono::steady_clock::now();
  const auto match = nodes_.routes().find(what);
  const auto where = match.entry != nullptr ? nodes_.choose(*match.entry, lost.node->id, now) : node_table::choice{};
  if (where.to == nullptr || !retries_.take())
    return false;
  auto from = lost.from;
  const auto id = new_call(std::move(lost.from), lost.sequence, false);
  calls_[index_of(id)].repeated = static_cast<std::uint8_t>(lost.repeated + 1);
  from->resent(lost.sequence, id);
  send(id, where, *match.entry, std::move(what));
  return true;
}

} // namespace troupe::gateway
