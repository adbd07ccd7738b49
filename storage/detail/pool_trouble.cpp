#include "storage/detail/pool_trouble.hpp"

#include "storage/detail/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::storage {

namespace {

using holder = holder_table::holder;

constexpr std::size_t holders_named = 10;
constexpr std::size_t longest_statement = 120;

std::string connections(std::size_t count) {
  return fmt::format("{} connection{}", count, count == 1 ? "" : "s");
}

std::string shortened(const std::string& sql) {
  auto out = one_line(sql);
  if (out.size() <= longest_statement)
    return out;
  auto end = longest_statement;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) // within a character
    --end;
  return out.substr(0, end) + "...";
}

std::string describe(const holder& each) {
  const auto who = each.asked_by != nullptr ? *each.asked_by : std::string{"(no route)"};
  const auto what = each.statement.empty() ? std::string{"nothing"} : shortened(each.statement);
  const auto runs = fmt::format("runs {} for {} ms", what, each.runs.count());
  if (!each.leased)
    return fmt::format("{} {}", who, runs);
  return fmt::format("{} has a transaction for {} ms and {}", who, each.has_it.count(), runs);
}

std::string name_holders(const pool_state& state) {
  std::string out;
  for (std::size_t i = 0; i < std::min(state.holders.size(), holders_named); ++i)
    out += "; " + describe(state.holders[i]);
  if (state.holders.size() > holders_named)
    out += fmt::format("; and {} more", state.holders.size() - holders_named);
  return out;
}

std::string cause(const pool_state& state) {
  const auto long_since = [&](const holder& each) { return each.runs >= state.waited / 2; };
  const bool answers = std::any_of(state.holders.begin(), state.holders.end(), [&](const holder& each) {
    return !each.statement.empty() && !long_since(each); // it has come to that lately
  });
  if (state.open == 0 || (state.away && !answers))
    return "the database cannot be reached";
  const auto idle = std::count_if(state.holders.begin(), state.holders.end(), [&](const holder& each) {
    return each.leased && each.statement.empty() && long_since(each);
  });
  const auto slow = std::count_if(state.holders.begin(), state.holders.end(), [&](const holder& each) {
    return !each.statement.empty() && long_since(each);
  });
  const auto most = static_cast<std::ptrdiff_t>(state.holders.size());
  if (idle > 0 && idle >= slow && 2 * idle >= most)
    return fmt::format("{} of {} held by transactions that do nothing", idle, connections(state.open));
  if (slow > 0 && 2 * slow >= most)
    return fmt::format("slow statements run on {} of {}", slow, connections(state.open));
  const auto there_are = state.away ? state.open : state.allowed;
  return fmt::format("{} {} too few for what is asked of the database{}", connections(there_are),
                     there_are == 1 ? "is" : "are", state.away ? ", which takes no further one" : "");
}

} // namespace

pool_trouble explain(const pool_state& state) {
  const auto why = fmt::format("no database connection within {} ms: {}, {} waiting",
                               state.waited.count(), cause(state), state.waiting);
  return {why, why + name_holders(state)};
}

} // namespace troupe::storage
