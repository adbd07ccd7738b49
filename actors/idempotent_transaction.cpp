#include "actors/idempotent_transaction.hpp"

#include "actors/detail/idempotent_requests.hpp"

#include <stdexcept>
#include <utility>

namespace troupe {

namespace {

/// Thrown for an answer that undoes what led to it.
struct withheld {
  response answer;
};

detail::idempotency_claim& claim_of(context& ctx, const request& req) {
  const auto& in_work = ctx.local<detail::idempotent_requests>().in_work;
  const auto found = in_work.find(&req);
  if (found == in_work.end())
    throw std::logic_error{"idempotent_transaction() is for the request of a route with idempotency_key()"};
  return *found->second;
}

task<response> work_and_record(transaction& tx, const std::function<task<response>(transaction&)>& work,
                               detail::idempotency_claim& claim) {
  auto made = co_await work(tx);
  if (made.source)
    throw std::logic_error{"the answer of idempotent_transaction() is written as it goes"};
  if (made.status >= 500)
    throw withheld{std::move(made)};
  if (!co_await detail::record_answer(tx, claim, made))
    throw error{errc::conflict, "another node has taken this request over"};
  co_return made;
}

} // namespace

task<response> idempotent_transaction(context& ctx, const request& req,
                                      std::function<task<response>(transaction&)> work, transaction_options how) {
  auto& claim = claim_of(ctx, req);
  try {
    auto made = co_await ctx.db().transact(
      how, [&](transaction& tx) { return work_and_record(tx, work, claim); });
    claim.recorded = true;
    co_return made;
  } catch (withheld& refused) {
    co_return std::move(refused.answer);
  }
}

} // namespace troupe
