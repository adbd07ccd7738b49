#include "actors/detail/idempotent_handler.hpp"

#include "actors/combine.hpp"
#include "actors/context.hpp"
#include "actors/detail/idempotency_key.hpp"
#include "actors/detail/idempotent_requests.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace troupe::detail {

namespace {

using namespace std::chrono_literals;

constexpr auto sweep_period = 60s;
constexpr auto between_sweeps = 50ms;
constexpr std::chrono::milliseconds shortest_lease = 1s;

struct recorded_route {
  std::string service;
  std::string route;
  idempotency_options how;
  handler action;
};

/// Lets the handler's idempotent_transaction find the claim of its request.
class claim_in_work {
public:
  claim_in_work(context& ctx, const request& what, idempotency_claim& claim)
    : all_(ctx.local<idempotent_requests>()), what_(&what) {
    all_.in_work.emplace(what_, &claim);
  }
  claim_in_work(const claim_in_work&) = delete;
  claim_in_work& operator=(const claim_in_work&) = delete;
  ~claim_in_work() { all_.in_work.erase(what_); }

private:
  idempotent_requests& all_;
  const request* what_;
};

task<void> remove_expired(context& ctx) {
  try {
    while (co_await sweep_idempotency_table(ctx.db()) == swept_at_once)
      co_await ctx.sleep(between_sweeps);
  } catch (const error& e) {
    spdlog::warn("idempotency keys whose time is over cannot be removed: {}", e.what());
  }
}

void sweep_now_and_then(context& ctx) {
  auto& known = ctx.local<idempotent_requests>();
  const auto now = std::chrono::steady_clock::now();
  if (now < known.next_sweep)
    return;
  known.next_sweep = now + sweep_period;
  static_cast<void>(ctx.spawn("removal of idempotency keys", remove_expired(ctx)));
}

task<void> give_back(context& ctx, const idempotency_claim& claim) {
  try {
    co_await release_claim(ctx.db(), claim);
  } catch (const error& e) {
    spdlog::warn("{} {}: a key is free when its lease has passed only: {}", claim.service, claim.route, e.what());
  }
}

/// What has been done is answered, whether or not it can be recorded: who gets no answer asks again.
task<void> keep(context& ctx, idempotency_claim& claim, const response& answer) {
  try {
    auto on = ctx.db();
    if (!co_await record_answer(on, claim, answer))
      spdlog::warn("{} {}: an answer came after its lease, and another request has the key", claim.service, claim.route);
  } catch (const error& e) {
    spdlog::error("{} {}: an answer cannot be recorded, and its request may be carried out again: {}", claim.service,
                  claim.route, e.what());
  }
}

task<response> carry_out(const recorded_route& of, context& ctx, const request& what, idempotency_claim& claim) {
  response made;
  std::exception_ptr failed;
  try {
    const claim_in_work registered{ctx, what, claim};
    // Not longer than the lease, which has begun before the claim was there.
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(claim.lease_end
                                                                            - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      throw error{errc::unavailable, "the database took too long to take the key"};
    made = co_await with_timeout(left, of.action(ctx, what));
    if (made.source)
      throw std::logic_error{"the answer of a route with idempotency_key() is written as it goes"};
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed || (made.status >= 500 && !claim.recorded))
    co_await give_back(ctx, claim);
  else if (!claim.recorded)
    co_await keep(ctx, claim, made);
  if (failed)
    std::rethrow_exception(failed);
  co_return made;
}

/// A task of its own, with a request of its own: it goes on when the client leaves, who may ask again.
task<response> answer_once(const recorded_route& of, context& ctx, request what, idempotency_claim claim) {
  auto& known = ctx.local<idempotent_requests>();
  if (!known.table_seen)
    co_await make_idempotency_table(ctx.db());
  auto recorded = co_await claim_or_find(ctx.db(), claim);
  known.table_seen = true;
  sweep_now_and_then(ctx);
  if (recorded)
    co_return std::move(*recorded).with_header("Idempotency-Replayed", "true");
  co_return co_await carry_out(of, ctx, what, claim);
}

idempotency_claim claim_for(const recorded_route& of, const request& what) {
  idempotency_claim out;
  out.key = idempotency_key_of(what);
  out.service = of.service;
  out.route = of.route;
  out.owner = of.how.owner ? of.how.owner(what) : std::string{};
  out.fingerprint = fingerprint_of(what);
  out.request = what.id;
  out.lease = std::max(what.time_left, shortest_lease);
  out.keep = of.how.keep;
  return out;
}

} // namespace

handler with_recorded_answers(std::string service, std::string route, idempotency_options how, handler action) {
  // By value: each event loop has its own copy, as of any handler. It outlives the tasks of its worker actor.
  return [of = recorded_route{std::move(service), std::move(route), std::move(how), std::move(action)}](
           context& ctx, const request& what) {
    auto begun = ctx.spawn(of.route, answer_once(of, ctx, what, claim_for(of, what)));
    return as_task(std::move(begun));
  };
}

} // namespace troupe::detail
