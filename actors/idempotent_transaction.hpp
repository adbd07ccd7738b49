#pragma once

#include "actors/context.hpp"
#include "actors/messages/request.hpp"
#include "actors/messages/response.hpp"
#include "actors/task.hpp"
#include "actors/transaction_options.hpp"

#include <functional>

namespace troupe {

/// Work of a route with `service::idempotency_key()` that takes effect exactly once: `work(transaction&)` runs as in
/// `ctx.db().transact`, and its answer is recorded in the same transaction, so that either both are there or none.
///
///     task<response> create(context& ctx, const request& req) {
///       co_return co_await idempotent_transaction(ctx, req, [&](transaction& tx) -> task<response> {
///         auto made = co_await tx.one("INSERT INTO orders (item) VALUES ($1) RETURNING id", item_of(req));
///         co_return json(made).with_status(201);
///       });
///     }
///
/// `req` is the handler's own. What `work` throws, and an answer of 500 or above, rolls back. error{conflict} when another
/// node has taken the request over, as this one was held to be lost: nothing of it is left then. Once for each request:
/// a second one finds its answer recorded, and throws error{conflict}.
task<response> idempotent_transaction(context& ctx, const request& req,
                                      std::function<task<response>(transaction&)> work,
                                      transaction_options how = {});

} // namespace troupe
