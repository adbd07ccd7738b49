#include "actors/detail/supervision.hpp"

#include "actors/context.hpp"
#include "actors/detail/chance.hpp"
#include "actors/detail/event_loop.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::detail {

std::optional<std::chrono::milliseconds> restart_record::failed(
  const restart_policy& policy, std::chrono::steady_clock::time_point now) {
  while (!times_.empty() && now - times_.front() > policy.window)
    times_.pop_front();
  if (times_.size() >= policy.max_restarts)
    return std::nullopt;
  auto delay = policy.min_backoff;
  for (std::size_t i = 0; i < times_.size() && delay < policy.max_backoff; ++i)
    delay *= 2;
  times_.push_back(now);
  delay = std::min(delay, policy.max_backoff);
  const auto longer = static_cast<double>(delay.count()) * std::clamp(policy.jitter, 0.0, 1.0);
  return by_chance(delay, delay + std::chrono::milliseconds{static_cast<std::int64_t>(longer)});
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
  child->place = static_cast<std::uint32_t>(actors_.size());
  child->put_under(weak_from_this());
  actors_.push_back(child);
  child->come_alive();
}

std::shared_ptr<supervision> supervision::add_group(supervisor_options how) {
  if (groups_.size() >= sweep_at_) { // those that nobody can use any more
    std::erase_if(groups_, [](const auto& each) {
      return each.use_count() == 1 && each->actors_.empty() && each->groups_.empty();
    });
    sweep_at_ = std::max(sweep_at_, 2 * groups_.size());
  }
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
  owner_ = nullptr; // nothing is added from here on
  above_.reset();
  for (const auto& group : std::exchange(groups_, {}))
    group->end_all();
  auto doomed = std::exchange(actors_, {});
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
  case event::crashed: fail(why); return;
  case event::beyond_help: break;
  }
  if (owner_ == nullptr)
    return fail(why);
  child->order(&state_cell::end_life);
  fail_owner(child->host_name(), why);
}

/// A group under it cannot be helped by the group's own policy.
void supervision::group_beyond_help(supervision& which, const std::string& why) {
  if (owner_ == nullptr)
    return fail(why);
  const auto kept = which.shared_from_this();
  std::erase(groups_, kept);
  which.end_all();
  fail_owner(which.path_, why);
}

void supervision::fail_owner(const std::string& for_whom, const std::string& why) {
  if (owner_ == nullptr)
    return; // ended by the destructor of one that was just ended
  spdlog::error("{} is beyond help: {} fails", for_whom, owner_->host_name());
  owner_->child_lost(why);
}

void supervision::fail(const std::string& why) {
  const auto above = above_.lock();
  if (!above || held())
    return; // it has ended, or all of it is begun anew soon
  const auto delay = record_.failed(how_.restart);
  if (!delay)
    return above->group_beyond_help(*this, why);
  ++restarts_;
  hold_all();
  pause_.arm(loop_.timers(), after(*delay),
             [](void* self) { static_cast<supervision*>(self)->restart_all(); }, this);
}

bool supervision::held() const noexcept {
  if (pause_.armed())
    return true;
  const auto above = above_.lock();
  return above && above->held();
}

// Of both lists copies: constructors and destructors of states may add to them.

void supervision::hold_all() {
  for (const auto groups = groups_; const auto& group : groups) {
    group->pause_.disarm();
    group->hold_all();
  }
  for (const auto actors = actors_; const auto& each : actors)
    each->order(&state_cell::hold);
}

void supervision::restart_all() {
  pause_.disarm();
  born_ = std::chrono::steady_clock::now();
  for (const auto groups = groups_; const auto& group : groups) {
    group->record_ = {};
    group->restart_all();
  }
  for (const auto actors = actors_; const auto& each : actors)
    each->order(&state_cell::begin_anew_with_group);
}

void supervision::remove(const cell_ref& child) {
  const auto place = child->place;
  actors_[place] = actors_.back();
  actors_[place]->place = place;
  actors_.pop_back();
}

} // namespace troupe::detail
