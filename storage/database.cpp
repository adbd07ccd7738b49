#include "storage/database.hpp"

#include "storage/detail/database_actor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace troupe::storage {

namespace {

/// Who holds one connection and asks for another one must not wait for himself.
constexpr std::size_t least_connections = 2;

std::string told_as(const std::string& name, std::size_t pools, std::size_t place) {
  auto out = name.empty() ? "" : "database " + name + ": ";
  if (pools > 1)
    out += fmt::format("event loop {}: ", place);
  return out;
}

} // namespace

caf::actor spawn_database(troupe::detail::event_loop& loop,
                          const config::storage_settings& settings, const std::string& name) {
  return spawn_databases({&loop}, settings, name).front();
}

std::vector<caf::actor> spawn_databases(const std::vector<troupe::detail::event_loop*>& loops,
                                        const config::storage_settings& settings, const std::string& name) {
  const auto kind = backend_of(settings.url); // throws for what no connection could ever open
  const bool per_loop = kind == backend::postgres && settings.per_loop;
  const auto pools =
    per_loop ? std::clamp<std::size_t>(settings.max_connections / least_connections, 1, loops.size()) : 1;
  std::vector<std::shared_ptr<statement_statistics>> statistics(pools);
  for (auto& each : statistics)
    each = std::make_shared<statement_statistics>();
  const auto statistics_of_all = std::make_shared<const decltype(statistics)>(statistics);
  const auto warnings = std::make_shared<warning_limit>();
  const auto refusals = std::make_shared<warning_limit>();
  std::vector<caf::actor> out;
  for (std::size_t i = 0; i < pools; ++i) {
    pool_share pool{std::make_shared<job_queue>(), nullptr, statistics[i], told_as(name, pools, i), pools, i,
                    statistics_of_all, warnings, refusals};
    auto its_own = settings;
    its_own.max_connections = static_cast<unsigned>(pool.share_of(settings.max_connections));
    its_own.min_connections = static_cast<unsigned>(pool.share_of(settings.min_connections));
    pool.holders = std::make_shared<holder_table>(its_own.max_connections);
    out.push_back(troupe::detail::spawn_pinned<database_actor>(*loops[i], std::move(its_own), std::move(pool)));
  }
  return out;
}

void introduce_fallback(const caf::strong_actor_ptr& which, const caf::strong_actor_ptr& fallback) {
  troupe::detail::deliver(which, nullptr, fallback_started{fallback});
}

} // namespace troupe::storage
