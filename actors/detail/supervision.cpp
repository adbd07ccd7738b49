#include "actors/detail/supervision.hpp"

#include "actors/context.hpp"
#include "actors/detail/event_loop.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>

namespace troupe::detail {

namespace {

std::chrono::milliseconds with_jitter(std::chrono::milliseconds delay, double jitter) {
  thread_local std::minstd_rand chance{std::random_device{}()};
  std::uniform_real_distribution<double> part{0, std::clamp(jitter, 0.0, 1.0)};
  return delay
         + std::chrono::milliseconds{
           static_cast<std::int64_t>(static_cast<double>(delay.count()) * part(chance))};
}

} // namespace

std::optional<std::chrono::milliseconds> restart_record::failed(const restart_policy& policy) {
  const auto now = std::chrono::steady_clock::now();
  while (!times_.empty() && now - times_.front() > policy.window)
    times_.pop_front();
  if (times_.size() >= policy.max_restarts)
    return std::nullopt;
  auto delay = policy.min_backoff;
  for (std::size_t i = 0; i < times_.size() && delay < policy.max_backoff; ++i)
    delay *= 2;
  times_.push_back(now);
  return with_jitter(std::min(delay, policy.max_backoff), policy.jitter);
}

/// From an actor to its supervisor.
struct supervision::message final : parcel {
  void arrive() override {
    if (auto there = to.lock())
      there->handle(child, what, why);
    delete this;
  }
  void discard() noexcept override { delete this; }

  std::weak_ptr<supervision> to;
  cell_ref child;
  event what = event::ended;
  std::string why;
};

supervision::supervision(host& owner, supervisor_options how)
  : loop_(owner.loop()), owner_(&owner), how_(std::move(how)), path_(owner.host_name()) {}

supervision::supervision(supervision& above, supervisor_options how)
  : loop_(above.loop_), owner_(nullptr), above_(above.weak_from_this()), how_(std::move(how)),
    path_(above.path_ + "/" + how_.name) {}

supervision::~supervision() = default;

void supervision::add(const cell_ref& child) {
  child->place = actors_.size();
  child->put_under(weak_from_this());
  actors_.push_back(child);
  child->come_alive();
}

std::shared_ptr<supervision> supervision::add_group(supervisor_options how) {
  return groups_.emplace_back(std::make_shared<supervision>(*this, std::move(how)));
}

host* supervision::owner() const noexcept {
  if (owner_ != nullptr)
    return owner_;
  const auto above = above_.lock();
  return above ? above->owner() : nullptr;
}

void supervision::end_all() noexcept {
  pause_.disarm();
  for (const auto& group : std::exchange(groups_, {}))
    group->end_all();
  auto doomed = std::exchange(actors_, {});
  owner_ = nullptr;
  for (auto last = doomed.rbegin(); last != doomed.rend(); ++last)
    (*last)->order(&state_cell::end_life);
}

void supervision::report(const std::weak_ptr<supervision>& to, cell_ref child, event what,
                         std::string why) {
  // Whether it is still there is for its own loop to say.
  auto there = to.lock();
  if (!there)
    return;
  auto* made = new message;
  made->to = to;
  made->child = std::move(child);
  made->what = what;
  made->why = std::move(why);
  there->loop_.send(*made);
}

void supervision::handle(const cell_ref& child, event what, const std::string& why) {
  if (child->place >= actors_.size() || !(actors_[child->place] == child))
    return; // no longer one of them
  switch (what) {
  case event::ended: remove(child); return;
  case event::crashed: group_failed(nullptr, why); return;
  case event::beyond_help: break;
  }
  // The group's own attempts are counted one level up, where the whole of it is restarted.
  if (const auto above = above_.lock()) {
    above->group_failed(this, why);
    return;
  }
  spdlog::error("{} is beyond help: it is not begun anew", child->host_name());
  child->order(&state_cell::end_life);
  if (owner_ != nullptr)
    owner_->child_lost(why);
}

void supervision::group_failed(supervision* which, const std::string& why) {
  const auto delay = record_.failed(how_.restart);
  if (delay) {
    ++restarts_;
    failed_ = rule() == strategy::all_for_one || which == nullptr ? nullptr : which;
    pause_.arm(loop_.timers(), after(*delay),
               [](void* self) { static_cast<supervision*>(self)->restart_failed(); }, this);
    return;
  }
  if (const auto above = above_.lock())
    above->group_failed(this, why);
  else if (owner_ != nullptr)
    owner_->child_lost(why);
}

void supervision::restart_failed() {
  for (const auto& group : groups_)
    if (group.get() == failed_) {
      group->restart_all();
      return;
    }
  restart_all();
}

void supervision::restart_all() {
  for (const auto& group : groups_)
    group->restart_all();
  for (const auto& each : actors_)
    each->order(&state_cell::begin_anew);
}

void supervision::remove(const cell_ref& child) {
  const auto place = child->place;
  actors_[place] = actors_.back();
  actors_[place]->place = place;
  actors_.pop_back();
}

} // namespace troupe::detail
