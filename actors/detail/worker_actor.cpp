#include "actors/detail/worker_call.hpp"

#include "actors/detail/failure.hpp"
#include "actors/request_id.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::detail {

namespace {

constexpr std::size_t spare_calls_kept = 1024;

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
    [this](call_id id, troupe::request& what) { begin(id, std::move(what), false); },
    [this](call_id id, troupe::request& what, stream_start) { begin(id, std::move(what), true); },
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

void worker_actor::begin(call_id id, troupe::request&& what, bool streamed) {
  auto from = std::move(current_mailbox_element()->sender);
  if (what.route >= definition_->routes().size()) {
    deliver(from, nullptr, id, failure{errc::internal, "the node does not have this route"});
    return;
  }
  if (definition_->limit() != 0 && running_.size() >= definition_->limit()) {
    deliver(from, nullptr, id,
            failure{errc::unavailable, "service \"" + definition_->name() + "\" has as many requests in "
                                       "work as it may"});
    return;
  }
  auto made = new_call();
  made->from = std::move(from);
  made->id = id;
  made->what = std::move(what);
  made->place = running_.size();
  made->label = labels_[made->what.route];
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

std::unique_ptr<worker_actor::call> worker_actor::new_call() {
  if (spare_.empty()) {
    auto made = std::make_unique<call>();
    made->owner = this;
    return made;
  }
  auto made = std::move(spare_.back());
  spare_.pop_back();
  return made;
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
      begin_body(ended, std::move(made));
      return false;
    }
    deliver(ended.from, nullptr, ended.id, std::move(made));
  } catch (...) {
    deliver(ended.from, nullptr, ended.id,
            current_failure(*ended.label, format_request_id(ended.what.id)));
  }
  return true;
}

void worker_actor::run_deferred() {
  for (auto* each : std::exchange(to_produce_, {}))
    start_producing(*each);
  for (auto& each : std::exchange(ended_, {})) {
    each->work.reset();
    each->streams.reset();
    each->from = nullptr;
    each->what = {};
    if (spare_.size() < spare_calls_kept)
      spare_.push_back(std::move(each));
  }
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
    deliver(owned->from, nullptr, owned->id, why);
  }
}

void worker_actor::drop_work() {
  end_calls({errc::unavailable, "the worker was stopped"});
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
