#include "gateway/detail/node_table.hpp"

#include "actors/detail/caf.hpp"
#include "actors/detail/cycle_clock.hpp"
#include "actors/detail/rendezvous.hpp"

#include <algorithm>

namespace troupe::gateway {

namespace {

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

/// Empty: anybody may have the request.
std::string_view sticky_value(const stickiness& by, const request& what) noexcept {
  switch (by.by) {
  case stickiness::kind::parameter:
    return by.parameter < what.parameters.size() ? std::string_view{what.parameters[by.parameter].second}
                                                 : std::string_view{};
  case stickiness::kind::field: return what.header(by.field).value_or(std::string_view{});
  case stickiness::kind::none: break;
  }
  return {};
}

bool may_take(const node_table::node& who, std::uint64_t except, node_table::time_point now, bool though_it_fails) {
  return who.id != except && who.record.has_room() && (though_it_fails || !who.record.is_out(now));
}

} // namespace

node_table::node_table(const detail::event_loop& loop, unsigned loops, std::chrono::milliseconds slow_start)
  : loop_(loop), loops_(std::max(loops, 1U)), slow_start_(slow_start),
    chance_(detail::cycle_count() * 2 + loop.index() * 2 + 1) {}

std::vector<node_table::departed> node_table::update(std::shared_ptr<const cluster_view> view, time_point now) {
  last_place_ = 0;
  const bool is_first = view_ == nullptr || view_->nodes.empty(); // none of them is newer than others
  by_place_.clear();
  for (const auto& [id, each] : nodes_)
    each->view = nullptr;
  for (const auto& each : view->nodes) {
    auto& state = nodes_[each.id];
    if (!state) {
      state = std::make_unique<node>();
      state->id = each.id;
      const auto limit = each.local ? UINT64_MAX : (each.max_in_work + loops_ - 1) / loops_;
      state->record.describe(each.capacity, limit, is_first ? std::chrono::milliseconds{0} : slow_start_, now);
    }
    state->view = &each;
    if (each.local)
      state->near = near_workers(each.workers[loop_.index()], loop_);
    else
      state->dispatcher = each.dispatchers[loop_.index() % each.dispatchers.size()];
    by_place_.push_back(state.get());
  }
  std::vector<departed> out;
  if (view_)
    for (const auto& old : view_->nodes)
      if (const auto found = nodes_.find(old.id);
          found != nodes_.end() && found->second->view == nullptr && old.agent)
        out.push_back({old.id, old.agent});
  router_.emplace(*view);
  view_ = std::move(view);
  return out;
}

void node_table::clear() {
  by_place_.clear();
  nodes_.clear();
  router_.reset();
  view_.reset();
}

/// The best one of those that were looked at.
class node_table::search {
public:
  search(const std::vector<node*>& by_place, const route_entry& entry, std::uint64_t except, time_point now)
    : by_place_(by_place), candidates_(entry.candidates), except_(except), now_(now) {}

  void consider(std::size_t at, bool though_it_fails = false) {
    auto* each = by_place_[candidates_[at].node];
    if (!may_take(*each, except_, now_, though_it_fails))
      return;
    const auto cost = each->record.cost(now_);
    if (found_.to != nullptr && cost >= least_)
      return;
    found_ = {each, &candidates_[at]};
    least_ = cost;
  }
  void consider_all(bool though_they_fail) {
    for (std::size_t at = 0; at < candidates_.size(); ++at)
      consider(at, though_they_fail);
  }
  [[nodiscard]] bool is_over() const noexcept { return found_.to != nullptr; }
  [[nodiscard]] choice result() const noexcept { return found_; }

private:
  const std::vector<node*>& by_place_;
  const std::vector<route_candidate>& candidates_;
  std::uint64_t except_;
  time_point now_;
  choice found_;
  float least_ = 0;
};

/// xorshift64
std::uint64_t node_table::chance() noexcept {
  chance_ ^= chance_ << 13;
  chance_ ^= chance_ >> 7;
  chance_ ^= chance_ << 17;
  return chance_;
}

node_table::choice node_table::choose(const route_entry& entry, std::uint64_t except, time_point now) {
  const auto count = entry.candidates.size();
  if (count == 0)
    return {};
  auto* first = by_place_[entry.candidates.front().node];
  if (count == 1 && first->record.has_room() && first->id != except)
    return {first, &entry.candidates.front()};
  const std::size_t own = first->view->local ? 1 : 0;
  if (own == 0)
    if (const auto same = go_along(entry, except, now); same.to != nullptr)
      return same;
  search looking{by_place_, entry, except, now};
  if (own == 1)
    looking.consider(0);
  if (const auto others = static_cast<std::uint32_t>(count - own); others > 0) {
    const auto random = chance();
    const auto one = static_cast<std::uint32_t>(random) % others;
    looking.consider(own + one);
    if (others > 1)
      looking.consider(own + (one + 1 + static_cast<std::uint32_t>(random >> 32) % (others - 1)) % others);
  }
  if (!looking.is_over())
    looking.consider_all(false);
  if (!looking.is_over())
    looking.consider_all(true); // all have failed: as good as none
  if (looking.is_over())
    last_place_ = looking.result().candidate->node;
  return looking.result();
}

/// Nothing, unless the message for the node that was chosen last is still open to one more.
node_table::choice node_table::go_along(const route_entry& entry, std::uint64_t except, time_point now) const {
  auto* const last = by_place_[last_place_];
  const auto before = last->batch.items.size();
  if (before == 0 || before >= last->record.most_at_once() || !may_take(*last, except, now, false))
    return {};
  const auto found = std::ranges::lower_bound(entry.candidates, last_place_, {}, &route_candidate::node);
  return found != entry.candidates.end() && found->node == last_place_ ? choice{last, &*found} : choice{};
}

node_table::choice node_table::choose(const route_entry& entry, const request& what, std::uint64_t except,
                                      time_point now) {
  const auto value = sticky_value(entry.sticky, what);
  if (value.empty())
    return choose(entry, except, now);
  // By the service alone: all of its routes that are sticky by the same agree.
  const auto hash = detail::hash_of_key(entry.service, value);
  const auto found = owner_of(hash, entry, except, now, false);
  return found.to != nullptr ? found : owner_of(hash, entry, except, now, true);
}

node_table::choice node_table::owner_of(std::uint64_t hash, const route_entry& entry, std::uint64_t except,
                                        time_point now, bool though_they_fail) const {
  choice out;
  detail::claim best;
  for (const auto& each : entry.candidates) {
    auto* const node = by_place_[each.node];
    if (!may_take(*node, except, now, though_they_fail))
      continue;
    const auto claim = detail::claim_of(node->view->node_id, hash);
    if (out.to == nullptr || claim > best) {
      out = {node, &each};
      best = claim;
    }
  }
  return out;
}

} // namespace troupe::gateway
