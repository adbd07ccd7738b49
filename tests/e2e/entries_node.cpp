// A node for the ledger of the database: it stores numbered entries, by themselves and in transfers
// between accounts. No column is unique, so that an entry that was stored twice is there twice.
#include <cstdint>
#include <troupe/troupe.hpp>

namespace {

using namespace troupe;

response stored(std::int64_t n) {
  return json({{"n", n}}).with_status(201);
}

/// A single statement: those that wait for a connection together are sent as one batch.
task<response> add(context& ctx, const request& req) {
  const auto n = req.param<std::int64_t>("n");
  co_await ctx.db().exec("INSERT INTO entry (n) VALUES ($1)", n);
  co_return stored(n);
}

/// Takes longer than any statement may.
task<response> add_slowly(context& ctx, const request& req) {
  const auto n = req.param<std::int64_t>("n");
  co_await ctx.db().exec("INSERT INTO entry (n) SELECT $1::bigint FROM pg_sleep(600)", n);
  co_return stored(n);
}

struct transfer {
  explicit transfer(const request& req)
      : n(req.param<std::int64_t>("n")),
        payer(req.query<int>("payer")),
        payee(req.query<int>("payee")) {}

  std::int64_t n;
  int payer;
  int payee;
};

task<void> note(statements& on, const transfer& what) {
  co_await on.exec("INSERT INTO entry (n, payer, payee) VALUES ($1, $2, $3)", what.n, what.payer,
                   what.payee);
}

/// Locks the payer's row, then the payee's: two in opposite directions may wait for each other.
task<void> move(statements& on, const transfer& what) {
  co_await note(on, what);
  co_await on.exec("UPDATE account SET sum = sum - 1 WHERE id = $1", what.payer);
  co_await on.exec("UPDATE account SET sum = sum + 1 WHERE id = $1", what.payee);
}

task<response> pay(context& ctx, const request& req) {
  const transfer what{req};
  co_await ctx.db().transact({.attempts = 20},
                             [&](transaction& tx) -> task<void> { co_await move(tx, what); });
  co_return stored(what.n);
}

/// Is ended by the time limit of statements when everything but the commit is done.
task<response> pay_slowly(context& ctx, const request& req) {
  const transfer what{req};
  co_await ctx.db().transact([&](transaction& tx) -> task<void> {
    co_await move(tx, what);
    static_cast<void>(co_await tx.query("SELECT pg_sleep(600)"));
  });
  co_return stored(what.n);
}

task<void> set_sum(statements& on, int account, std::int64_t sum) {
  co_await on.exec("UPDATE account SET sum = $2 WHERE id = $1", account, sum);
}

/// Reads both sums and writes what it has calculated: right only where nobody else writes in
/// between.
task<response> pay_by_calculation(context& ctx, const request& req) {
  const transfer what{req};
  const transaction_options how{.level = isolation::serializable, .attempts = 20};
  co_await ctx.db().transact(how, [&](transaction& tx) -> task<void> {
    const auto payer = co_await tx.one("SELECT sum FROM account WHERE id = $1", what.payer);
    const auto payee = co_await tx.one("SELECT sum FROM account WHERE id = $1", what.payee);
    co_await set_sum(tx, what.payer, payer.get<std::int64_t>("sum") - 1);
    co_await set_sum(tx, what.payee, payee.get<std::int64_t>("sum") + 1);
    co_await note(tx, what);
  });
  co_return stored(what.n);
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("entries")
                  .post("/entries/{n}", add)
                  .post("/slow-entries/{n}", add_slowly)
                  .post("/transfers/{n}", pay)
                  .post("/slow-transfers/{n}", pay_slowly)
                  .post("/calculated-transfers/{n}", pay_by_calculation)});
}
