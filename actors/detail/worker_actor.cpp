#include "actors/detail/worker_actor.hpp"

#include "actors/detail/failure.hpp"
#include "actors/request_id.hpp"

namespace troupe::detail {

namespace {

constexpr std::size_t spare_calls_kept = 1024;

} // namespace

/// A request in work: everything that its coroutine refers to stays here until it has ended.
struct worker_actor::call final : completion {
  void completed() noexcept override { owner->finish(*this); }

  worker_actor* owner = nullptr;
  caf::strong_actor_ptr from;
  call_id id;
  troupe::request what;
  task<troupe::response> work;
  std::size_t place = 0; // in running_
};

worker_actor::worker_actor(caf::actor_config& config, event_loop& loop, const node_services& node,
                           std::shared_ptr<const service> definition)
  : coroutine_actor(config, loop, node), definition_(std::move(definition)) {}

worker_actor::~worker_actor() = default;

caf::behavior worker_actor::make_behavior() {
  return caf::message_handler{
    [this](call_id id, troupe::request& what) { begin(id, std::move(what)); },
  }.or_else(reply_handlers());
}

void worker_actor::begin(call_id id, troupe::request&& what) {
  auto from = std::move(current_mailbox_element()->sender);
  if (what.route >= definition_->routes().size()) {
    deliver(from, nullptr, id, failure{errc::internal, "the node does not have this route"});
    return;
  }
  std::unique_ptr<call> made;
  if (spare_.empty()) {
    made = std::make_unique<call>();
    made->owner = this;
  } else {
    made = std::move(spare_.back());
    spare_.pop_back();
  }
  made->from = std::move(from);
  made->id = id;
  made->what = std::move(what);
  made->place = running_.size();
  auto& started = *running_.emplace_back(made.release());
  try {
    started.work = definition_->routes()[started.what.route].handle(ctx(), started.what);
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

void worker_actor::finish(call& ended) noexcept {
  answer(ended);
  running_[ended.place] = running_.back();
  running_[ended.place]->place = ended.place;
  running_.pop_back();
  ended_.emplace_back(&ended); // its frame is still on the stack: freed at the end of the step
  loop().defer(*this);
}

void worker_actor::answer(call& ended) noexcept {
  try {
    auto made = ended.work.take();
    if (made.status < 200 || made.status > 599)
      throw std::logic_error{"the handler answered with status " + std::to_string(made.status)
                             + ", expected 200 to 599"};
    deliver(ended.from, nullptr, ended.id, std::move(made));
  } catch (...) {
    auto route = definition_->name() + ": " + std::string{to_string(ended.what.method)} + " "
                 + definition_->routes()[ended.what.route].pattern.text();
    deliver(ended.from, nullptr, ended.id,
            current_failure(route, format_request_id(ended.what.id)));
  }
}

void worker_actor::run_deferred() {
  for (auto& each : std::exchange(ended_, {})) {
    each->work.reset();
    each->from = nullptr;
    each->what = {};
    if (spare_.size() < spare_calls_kept)
      spare_.push_back(std::move(each));
  }
  coroutine_actor::run_deferred();
}

void worker_actor::drop_work() {
  for (auto* each : std::exchange(running_, {})) {
    std::unique_ptr<call> owned{each};
    owned->work.reset();
    deliver(owned->from, nullptr, owned->id,
            failure{errc::unavailable, "the worker was stopped"});
  }
  ended_.clear();
  spare_.clear();
}

} // namespace troupe::detail
