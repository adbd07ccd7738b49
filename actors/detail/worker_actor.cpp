#include "actors/detail/worker_call.hpp"

#include "actors/detail/failure.hpp"
#include "actors/request_id.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::detail {

namespace {

constexpr std::size_t spare_calls_kept = 1024;
constexpr std::size_t spare_text_kept = 256;

/// Gateways leave no such field in any other place: most requests are told from traced ones by one comparison.
bool is_traced(const troupe::request& what) noexcept {
  const auto& fields = what.headers;
  if (fields.empty())
    return false;
  const auto last = fields[fields.size() - 1].first;
  return last.size() == traceparent_field.size() && equals_ignore_case(last, traceparent_field);
}

void note_status(open_span& of, std::uint16_t status) {
  of.set("http.response.status_code", status);
  if (status < 500)
    of.succeed();
  else
    of.fail("status " + std::to_string(status));
}

} // namespace

worker_actor::worker_actor(caf::actor_config& config, event_loop& loop, node_services_ptr node,
                           std::shared_ptr<const service> definition)
  : coroutine_actor(config, loop, std::move(node)), definition_(std::move(definition)) {
  for (const auto& each : definition_->routes())
    labels_.push_back(intern(definition_->name() + ": " + std::string{to_string(each.method)} + " "
                             + each.pattern.text()));
}

worker_actor::~worker_actor() = default;

caf::behavior worker_actor::make_behavior() {
  enlist();
  return {
    [this](call_id id, troupe::request& what) {
      begin(new_call(id, std::move(what), std::move(current_mailbox_element()->sender)), false);
    },
    [this](call_id id, troupe::request& what, stream_start) {
      begin(new_call(id, std::move(what), std::move(current_mailbox_element()->sender)), true);
    },
    [this](call_id id, body_part& what) { on_part(id, std::move(what)); },
    [this](call_id id, body_credit what) { on_credit(id, what); },
    [this](call_id id, request_abandoned) { abandon(id); },
  };
}

std::string worker_actor::host_name() const {
  return definition_->name();
}

actor_view worker_actor::view() const {
  actor_view out;
  out.kind = "service";
  out.state = "running";
  out.mailbox = running_.size();
  out.handled = handled_;
  out.restarts = restarts_;
  out.age = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now()
                                                                  - born_);
  return out;
}

bool worker_actor::take_request(call_id id, troupe::request&& what, near_asker& from,
                                caf::strong_actor_ptr address) {
  if (over_)
    return false;
  auto& made = waiting_.emplace_back(new_call(id, std::move(what), std::move(address)));
  made->near = &from;
  loop().defer(*this);
  return true;
}

void worker_actor::begin_waiting() {
  waiting_now_.swap(waiting_);
  for (auto& each : waiting_now_)
    begin(std::move(each), false);
  waiting_now_.clear();
}

/// What has come from nearby was sent before what is in the mailbox, which may be about it.
caf::resumable::resume_result worker_actor::resume(caf::execution_unit* unit, std::size_t most) {
  begin_waiting();
  return coroutine_actor::resume(unit, most);
}

void worker_actor::begin(std::unique_ptr<call> made, bool streamed) {
  if (made->what.route >= definition_->routes().size()) {
    send_answer(*made, failure{errc::internal, "the node does not have this route"});
    return recycle(std::move(made));
  }
  if (definition_->limit() != 0 && running_.size() >= definition_->limit()) {
    send_answer(*made, failure{errc::unavailable, "service \"" + definition_->name()
                                                    + "\" has as many requests in work as it may"});
    return recycle(std::move(made));
  }
  made->place = running_.size();
  made->label = labels_[made->what.route];
  if (is_traced(made->what))
    begin_trace(*made);
  auto& started = *running_.emplace_back(made.release());
  ++handled_;
  const event_loop::behalf on{loop(), &started};
  try {
    started.work = call_handler(started, streamed);
    if (!started.work)
      throw std::logic_error{"the handler gave an empty task"};
  } catch (...) { // the handler is no coroutine and threw at once
    started.work = [](std::exception_ptr failed) -> task<troupe::response> {
      std::rethrow_exception(failed);
      co_return troupe::response{};
    }(std::current_exception());
  }
  started.work.start(started);
}

/// What the handler calls is below its own span, where there is one.
void worker_actor::begin_trace(call& of) {
  auto place = of.what.trace();
  if (!place)
    return;
  if (const auto& spans = host::node().spans; spans && place->sampled()) {
    of.span = std::make_unique<open_span>(spans, *place, span_kind::internal, *of.label);
    of.span->set("troupe.service", definition_->name());
    of.span->set("http.request.method", to_string(of.what.method));
    of.span->set("http.route", definition_->routes()[of.what.route].pattern.text());
    of.span->set("troupe.request_id", format_request_id(of.what.id));
    place = of.span->place();
    of.what.headers.set(traceparent_field, place->traceparent());
  }
  of.trace = std::make_shared<const trace_context>(*place);
}

std::unique_ptr<worker_actor::call> worker_actor::new_call(call_id id, troupe::request&& what,
                                                           caf::strong_actor_ptr from) {
  std::unique_ptr<call> made;
  if (spare_.empty()) {
    made = std::make_unique<call>();
    made->owner = this;
  } else {
    made = std::move(spare_.back());
    spare_.pop_back();
  }
  made->id = id;
  made->what = std::move(what);
  made->from = std::move(from);
  made->near = nullptr;
  return made;
}

/// REQUIRES: nothing of it is on the stack.
void worker_actor::recycle(std::unique_ptr<call> ended) noexcept {
  ended->work.reset();
  ended->streams.reset();
  ended->span.reset();
  ended->trace.reset();
  ended->from = nullptr;
  // What may be much; the rest is written over.
  ended->what.headers = {};
  ended->what.parameters.clear();
  for (auto* each : {&ended->what.body, &ended->what.target})
    if (each->capacity() > spare_text_kept)
      std::string{}.swap(*each);
  if (spare_.size() < spare_calls_kept)
    spare_.push_back(std::move(ended));
}

void worker_actor::send_answer(call& to, troupe::response&& what) {
  if (to.span)
    note_status(*to.span, what.status);
  if (to.near != nullptr && !to.streams)
    to.near->take_answer(to.id, std::move(what));
  else
    deliver(to.from, nullptr, to.id, std::move(what));
}

void worker_actor::send_answer(call& to, const failure& why) {
  if (to.span)
    to.span->fail(std::string{to_string(why.code)});
  if (to.near != nullptr && !to.streams)
    to.near->take_answer(to.id, why);
  else
    deliver(to.from, nullptr, to.id, why);
}

/// The handler's coroutine is destroyed where it waits.
void worker_actor::abandon(call_id id) {
  const auto found = std::find_if(running_.begin(), running_.end(), [&](const call* each) {
    return each->id.value == id.value && each->from == current_sender();
  });
  if (found == running_.end())
    return; // its answer is on its way
  auto& call = **found;
  call.work.reset();
  if (call.streams)
    call.streams->producing.reset();
  retire(call);
}

void worker_actor::finish(call& ended) noexcept {
  if (ended.streams && ended.streams->socket)
    end_socket(ended);
  else if (!answer(ended))
    return; // its body is to come
  retire(ended);
}

void worker_actor::retire(call& ended) noexcept {
  cut_off(ended);
  ended.span.reset(); // its time is over
  running_[ended.place] = running_.back();
  running_[ended.place]->place = ended.place;
  running_.pop_back();
  ended_.emplace_back(&ended); // its frame is still on the stack: freed at the end of the step
  loop().defer(*this);
}

/// False: the response's body is still to be written.
bool worker_actor::answer(call& ended) noexcept {
  try {
    auto made = ended.work.take();
    if (made.status < 200 || made.status > 599)
      throw std::logic_error{"the handler answered with status " + std::to_string(made.status)
                             + ", expected 200 to 599"};
    if (made.source) {
      if (ended.span)
        note_status(*ended.span, made.status);
      begin_body(ended, std::move(made));
      return false;
    }
    send_answer(ended, std::move(made));
  } catch (...) {
    send_answer(ended, current_failure(*ended.label, format_request_id(ended.what.id)));
  }
  return true;
}

void worker_actor::run_deferred() {
  begin_waiting();
  for (auto* each : std::exchange(to_produce_, {}))
    start_producing(*each);
  ended_now_.swap(ended_); // destructors may end further ones
  for (auto& each : ended_now_)
    recycle(std::move(each));
  ended_now_.clear();
  if (std::exchange(failed_, false))
    begin_anew();
}

void worker_actor::bounce(caf::mailbox_element& what) {
  auto& content = what.content();
  if (content.size() >= 2 && content.match_element<call_id>(0)
      && content.match_element<troupe::request>(1))
    deliver(what.sender, nullptr, content.get_as<call_id>(0),
            failure{errc::unavailable, "the actor has ended"});
}

void worker_actor::end_calls(const failure& why) noexcept {
  to_produce_.clear();
  for (auto* each : std::exchange(running_, {})) {
    std::unique_ptr<call> owned{each};
    owned->work.reset();
    if (owned->streams)
      owned->streams->producing.reset();
    cut_off(*owned);
    send_answer(*owned, why);
  }
}

void worker_actor::drop_work() {
  over_ = true;
  const failure stopped{errc::unavailable, "the worker was stopped"};
  end_calls(stopped);
  for (auto& each : std::exchange(waiting_, {}))
    send_answer(*each, stopped);
  ended_.clear();
  spare_.clear();
}

void worker_actor::on_exit() {
  coroutine_actor::on_exit();
  unlist();
  loop().undefer(*this);
}

void worker_actor::child_lost(const std::string& why) {
  spdlog::error("the worker of service \"{}\" on event loop {} has failed and is begun anew: {}",
                definition_->name(), loop().index(), why);
  failed_ = true; // its own code may be on the stack
  loop().defer(*this);
}

void worker_actor::begin_anew() {
  ++restarts_;
  born_ = std::chrono::steady_clock::now();
  end_calls({errc::internal, "the worker has failed"});
  clear("its actor has failed");
}

} // namespace troupe::detail
