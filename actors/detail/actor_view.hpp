#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe {
class context;
template <class T>
class task;
} // namespace troupe

namespace troupe::detail {

/// An actor as /_troupe/actors shows it.
struct actor_view {
  std::string name;
  std::string kind; // "service", "actor", "supervisor", "main"
  std::string supervisor;
  std::string state; // "running", "restarting"
  unsigned loop = 0;
  std::size_t mailbox = 0;
  std::uint64_t handled = 0;
  std::uint32_t restarts = 0;
  std::chrono::milliseconds age{}; // of the state; of a supervisor: since it last began all anew
  std::vector<std::string> tasks;  // names of spawned ones that run; "" for those without
};

/// Those of one loop.
struct loop_view {
  std::size_t actors = 0; // also those that are not in `shown`
  std::vector<actor_view> shown;
};

/// How many actors a loop has, and its services with what they are at.
struct loop_summary {
  std::size_t actors = 0;
  std::vector<actor_view> services;
};

/// Asks every loop of the node, in their order.
task<std::vector<loop_summary>> sum_up_actors(context& ctx);

/// Asks every loop of the node, in their order; at most `limit` actors of each.
task<std::vector<loop_view>> view_actors(context& ctx, std::size_t limit);

} // namespace troupe::detail
