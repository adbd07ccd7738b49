#include "actors/detail/database_view.hpp"

#include "actors/detail/ask_actor.hpp"

#include <iterator>
#include <utility>

namespace troupe::detail {

task<database_figures> view_database(context& ctx, const node_database& which, std::size_t statements) {
  // Each knows the statements of all.
  auto out = co_await ask_actor<database_figures>(ctx.host(), to_caf(which.pools.front()),
                                                  database_figures_query{statements});
  for (auto pool = std::next(which.pools.begin()); pool != which.pools.end(); ++pool) {
    auto more = co_await ask_actor<database_figures>(ctx.host(), to_caf(*pool), database_figures_query{0});
    out.in_use += more.in_use;
    out.idle += more.idle;
    out.waiting += more.waiting;
    out.max_connections += more.max_connections;
    out.handed_over += more.handed_over;
    std::move(more.holders.begin(), more.holders.end(), std::back_inserter(out.holders));
  }
  co_return out;
}

} // namespace troupe::detail
