#include "gateway/detail/gateway_actor.hpp"

#include "actors/detail/chance.hpp"
#include "actors/messages/local.hpp"
#include "gateway/detail/problem.hpp"
#include "gateway/detail/websocket_handshake.hpp"

#include <spdlog/spdlog.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace troupe::gateway {

namespace {

/// For connections that the kernel was making when they were sent elsewhere.
constexpr std::chrono::milliseconds handshake_time{200};

detail::file_descriptor new_event() {
  detail::file_descriptor made{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!made)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  return made;
}

} // namespace

gateway_actor::gateway_actor(caf::actor_config& config, detail::event_loop& loop, options how,
                             listening_socket listening)
  : detail::exposed_actor(config, loop), options_(std::move(how)),
    access_log_(options_.access, loop.timers()), tracer_(options_.traces), last_request_id_(detail::random_number()),
    nodes_(loop, options_.loops, options_.slow_start), pressure_(options_.http.queue_target),
    lag_probe_(*this) {
  poller_.emplace(loop.io());
  if (!poller_->add(lag_probe_.event.get(), lag_probe_, EPOLLIN | EPOLLET))
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  listener_.emplace(loop.timers(), *poller_, std::move(listening),
                    [this](detail::file_descriptor socket, std::optional<config::ip_address> client) {
                      accept(std::move(socket), client);
                    });
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
      if (batch.items.empty())
        return;
      if (const auto* call = find_call(batch.items.front().call.value); call != nullptr && call->node != nullptr)
        call->node->record.learn_work(batch.busy_us);
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
  hedge_timer_.disarm();
  drained_ = nullptr;
  loop().undefer(*this);
  listener_.reset();
  for (auto& [each, owned] : std::exchange(sessions_, {}))
    owned->close();
  poller_.reset();
  calls_.clear();
  free_calls_.clear();
  with_batch_.clear();
  nodes_.clear();
  drained_ = nullptr;
  access_log_.close();
}

// -- connections ------------------------------------------------------------------------------------

void gateway_actor::accept(detail::file_descriptor socket, std::optional<config::ip_address> client_ip) {
  auto& counts = *options_.connections;
  auto made = std::make_shared<session>(*this, std::move(socket), client_ip);
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
    auto* const mine = find_call(id);
    if (mine == nullptr)
      continue; // its connection has ended with one before it
    const auto rival = part(*mine);
    auto each = take_call(id, outcome::given_up);
    if (rival != 0) { // another node has it as well
      each.from->resent(each.sequence, rival);
      continue;
    }
    auto from = each.from;
    auto sequence = each.sequence;
    if (!retry(std::move(each)))
      from->fail(sequence, {errc::node_lost, "the worker node was lost before it answered; "
                                             "whether the request was carried out is unknown"});
  }
  std::erase_if(with_batch_, [node](const node_state* each) { return each->id == node; });
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
  const auto where = nodes_.choose(entry, what, 0, now);
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

} // namespace troupe::gateway
