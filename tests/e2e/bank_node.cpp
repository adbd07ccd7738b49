// A node for tests of keyed actors of the whole cluster: accounts, and transfers between two of them that survive the
// loss of a node at any moment, because each step may be repeated.
#include <map>
#include <set>
#include <string>
#include <troupe/troupe.hpp>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using namespace troupe;

struct withdrawal {
  std::string id;
  std::string to;
  std::int64_t amount = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(withdrawal, id, to, amount)
};
struct deposit {
  std::string id;
  std::int64_t amount = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(deposit, id, amount)
};
struct arrival {
  std::string id;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(arrival, id)
};
struct look {};
struct account_view {
  std::int64_t balance = 0;
  std::map<std::string, withdrawal> under_way;
  int pid = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(account_view, balance, under_way, pid)
};

struct account {
  std::int64_t balance = 1000;
  std::map<std::string, withdrawal> under_way; // withdrawn, and not known to have arrived
  std::set<std::string> arrived;               // deposits, each once
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(account, balance, under_way, arrived)

  bool handle(const withdrawal& what) {
    if (under_way.contains(what.id))
      return true;
    if (balance < what.amount)
      return false;
    balance -= what.amount;
    under_way.emplace(what.id, what);
    return true;
  }
  void handle(const deposit& what) {
    if (arrived.insert(what.id).second)
      balance += what.amount;
  }
  void handle(const arrival& what) { under_way.erase(what.id); }
  account_view handle(look) const { return {balance, under_way, ::getpid()}; }
};

const keyed<account> accounts{"accounts",
                              {.scope = keyed_scope::cluster, .persistence = persistence::each_change}};

task<> bring(context& ctx, std::string from, withdrawal what) {
  co_await ctx.ask(accounts[what.to], deposit{what.id, what.amount});
  co_await ctx.ask(accounts[std::move(from)], arrival{what.id});
}

task<response> transfer(context& ctx, const request& req) {
  const auto from = req.param<std::string>("from");
  const withdrawal what{req.param<std::string>("id"), req.param<std::string>("to"), req.query<std::int64_t>("amount")};
  if (!co_await ctx.ask(accounts[from], what))
    throw error{errc::unprocessable, "there is not so much in the account"};
  co_await bring(ctx, from, what);
  co_return text("done");
}

/// Ends the transfers that somebody has begun and not ended.
task<response> settle(context& ctx, const request& req) {
  const auto from = req.param<std::string>("from");
  const auto seen = co_await ctx.ask(accounts[from], look{});
  for (const auto& [id, what] : seen.under_way)
    co_await bring(ctx, from, what);
  co_return json(co_await ctx.ask(accounts[from], look{}));
}

task<response> show(context& ctx, const request& req) {
  co_return json(co_await ctx.ask(accounts[req.param<std::string>("key")], look{}));
}

task<response> tell_deposit(context& ctx, const request& req) {
  ctx.tell(accounts[req.param<std::string>("key")], deposit{req.param<std::string>("id"), 1});
  co_return status(202);
}

struct cannot_travel {
  int* nowhere = nullptr;
};
struct odd {
  int handle(cannot_travel) { return 0; }
  int handle(look) { throw std::runtime_error{"odd by design"}; }
  int handle(arrival) { throw error{errc::not_found, "there is no such thing"}; }
  NLOHMANN_DEFINE_TYPE_INTRUSIVE_WITH_DEFAULT(odd, unused)
  int unused = 0;
};
const keyed<odd> odd_ones{"odd", {.scope = keyed_scope::cluster}};

task<response> ask_odd(context& ctx, const request& req) {
  const auto how = req.param<std::string>("how");
  const auto to = odd_ones[req.param<std::string>("key")];
  if (how == "pointer")
    co_return text(std::to_string(co_await ctx.ask(to, cannot_travel{})));
  if (how == "crash")
    co_return text(std::to_string(co_await ctx.ask(to, look{})));
  co_return text(std::to_string(co_await ctx.ask(to, arrival{"x"})));
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv, {service("bank")
                            .post("/transfers/{from}/{to}/{id}", transfer)
                            .post("/settle/{from}", settle)
                            .get("/accounts/{key}", show)
                            .post("/accounts/{key}/{id}", tell_deposit)
                            .get("/odd/{key}/{how}", ask_odd)});
}
