// How many connections a pool keeps, and which: those that nobody needs, that are old or too many, or that may be gone.
#include "storage/detail/database_actor.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe::storage {

using std::chrono::steady_clock;
using troupe::detail::deliver;

namespace {

constexpr std::chrono::milliseconds shortest_upkeep_pause{10};
constexpr std::chrono::milliseconds longest_upkeep_pause{10'000};

} // namespace

void database_actor::arm_upkeep() {
  auto pause = longest_upkeep_pause;
  const auto often_enough = [&](std::chrono::milliseconds limit) {
    if (limit.count() > 0)
      pause = std::min(pause, std::max(limit / 10, shortest_upkeep_pause));
  };
  for (const auto limit : {settings_.idle_timeout, settings_.max_lifetime, settings_.health_check, settings_.query_timeout})
    often_enough(limit);
  if (count(state::checking) > 0)
    often_enough(settings_.connect_timeout);
  upkeep_.arm(loop().timers(), steady_clock::now() + pause,
              [](void* self) { static_cast<database_actor*>(self)->close_unneeded(); }, this);
}

void database_actor::close_unneeded() {
  const auto now = steady_clock::now();
  std::vector<job_queue::slot> unneeded;
  const auto open = count(state::open);
  if (settings_.idle_timeout.count() > 0 && open > settings_.min_connections)
    unneeded = pool_.queue->take_idle(now - settings_.idle_timeout, open - settings_.min_connections);
  if (settings_.max_lifetime.count() > 0)
    for (job_queue::slot i = 0; i < slots_.size(); ++i)
      if (slots_[i].now == state::open && now - slots_[i].opened >= settings_.max_lifetime
          && pool_.queue->remove(i))
        unneeded.push_back(i);
  close(unneeded);
  if (const auto left = slots_.size() - count(state::closed) - count(state::closing); left > allowed())
    close(pool_.queue->take_idle(now, left - allowed()));
  if (settings_.health_check.count() > 0 && has_server_)
    check_one();
  if (settings_.query_timeout.count() > 0 && has_server_)
    give_up_silent_ones();
  arm_upkeep();
}

/// A server that ends no statement at its time limit, and says nothing, is frozen, or behind a network that is.
void database_actor::give_up_silent_ones() {
  // What a connection runs may be prepared first, or be two statements, and each has its time.
  const auto silent = pool_.holders->take_silent(2 * settings_.query_timeout + settings_.connect_timeout);
  for (const auto& each : silent)
    if (const auto session = slots_[each.which].session.lock())
      session->interrupt();
  std::vector<std::chrono::milliseconds> waited;
  for (const auto& each : silent)
    waited.push_back(each.runs);
  for (const auto& slot : slots_)
    if (const auto runs = slot.driven ? slot.driven->give_up_if_silent(settings_.query_timeout + settings_.connect_timeout)
                                      : std::nullopt)
      waited.push_back(*runs);
  for (const auto each : waited)
    warn(fmt::format("a session is given up whose server has not answered a statement for {} ms", each.count()));
}

/// REQUIRES: they were idle, and have been taken out of those that are.
void database_actor::close(const std::vector<job_queue::slot>& which) {
  for (const auto number : which) {
    slots_[number].now = state::closing;
    slots_[number].driven->leave();
    deliver(caf::actor_cast<caf::strong_actor_ptr>(slots_[number].actor), nullptr, close_connection{});
  }
}

/// Connections that this pool may have: all that it is set to, or its share of what all nodes may.
std::size_t database_actor::allowed() const noexcept {
  std::size_t together = settings_.cluster_connections;
  if (together == 0 && sessions_allowed_)
    together = std::max<std::size_t>(1, *sessions_allowed_ * 9 / 10); // others want to reach it, too
  if (together == 0 || !has_server_)
    return slots_.size();
  return std::clamp<std::size_t>(pool_.share_of(together / nodes_), 1, slots_.size());
}

void database_actor::on_cluster_size(std::size_t nodes) {
  const auto before = allowed();
  nodes_ = std::max<std::size_t>(nodes, 1);
  if (allowed() == before || stopping_)
    return;
  spdlog::debug("{}{} nodes share the database: there are {} connections at most", pool_.told_as, nodes_, allowed());
  allowed() < before ? close_unneeded() : open_more();
}

/// One at a time: the others are for who asks. A server that does not answer is no server.
void database_actor::check_one() {
  const auto now = steady_clock::now();
  const auto asked = std::find_if(slots_.begin(), slots_.end(),
                                  [](const auto& slot) { return slot.now == state::checking; });
  if (asked != slots_.end()) {
    if (const auto session = asked->session.lock(); session && now - asked->asked > settings_.connect_timeout)
      session->interrupt();
    return;
  }
  const auto next = pool_.queue->take_unknown(now - settings_.health_check);
  if (!next)
    return;
  auto& slot = slots_[next->which];
  slot.now = state::checking;
  slot.asked = now;
  slot.driven->leave();
  deliver(caf::actor_cast<caf::strong_actor_ptr>(slot.actor), nullptr, check_connection{next->since});
}

} // namespace troupe::storage
