// Hedges: requests that two nodes have, as the first one did not answer in time.
#include "gateway/detail/gateway_actor.hpp"

#include <algorithm>
#include <utility>

namespace troupe::gateway {

/// REQUIRES: another node has it, and a copy was kept.
void gateway_actor::plan_hedge(std::uint64_t id, std::chrono::milliseconds after) {
  hedges_.add(id, detail::after(after));
  arm_hedges();
}

void gateway_actor::arm_hedges() {
  const auto when = hedges_.when();
  if (!when || (hedge_timer_.armed() && hedge_timer_.when() <= *when))
    return;
  hedge_timer_.arm(loop().timers(), *when, [](void* self) { static_cast<gateway_actor*>(self)->begin_hedges(); }, this);
}

void gateway_actor::begin_hedges() {
  const auto now = std::chrono::steady_clock::now();
  while (const auto id = hedges_.next(now))
    hedge(*id, now);
  arm_hedges();
}

/// Does nothing when it has been answered, or there is nobody else to ask.
void gateway_actor::hedge(std::uint64_t id, detail::steady_time now) {
  const auto* first = find_call(id);
  if (first == nullptr || !first->copy || first->rival != 0)
    return;
  auto what = *first->copy;
  const auto way = find_other_way(*first, what, now, traffic_.hedged);
  if (!way)
    return;
  const auto repeated = static_cast<std::uint8_t>(first->repeated + 1);
  const auto second = new_call(first->from, first->sequence, false); // which may move the first one
  find_call(second)->rival = id;
  find_call(second)->repeated = repeated;
  find_call(id)->rival = second;
  send(second, way->where, *way->entry, std::move(what));
  if (auto* const sent = find_call(second); sent != nullptr)
    sent->timed = false; // that it was overtaken says nothing of its node
}

/// The request has its answer, or is lost with its node: the other one of the two goes on alone, if there is one.
std::uint64_t gateway_actor::part(call& of) {
  const auto rival = std::exchange(of.rival, 0);
  auto* const other = find_call(rival);
  if (other == nullptr)
    return 0;
  other->rival = 0;
  return rival;
}

} // namespace troupe::gateway
