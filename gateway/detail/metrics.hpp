#pragma once

#include "actors/detail/actor_view.hpp"
#include "actors/detail/span_queue.hpp"
#include "actors/detail/topic_registry.hpp"
#include "actors/messages/database_figures.hpp"
#include "gateway/detail/loop_figures.hpp"
#include "gateway/detail/process_figures.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {

/// All that /metrics shows, collected when it is asked for.
struct metrics {
  struct node {
    std::string name;
    std::uint64_t outstanding = 0;
    std::uint64_t answered = 0;
  };

  std::string version;
  process_figures process;
  std::vector<loop_figures> loops; // of a gateway; several of one loop are added up
  std::vector<node> nodes;         // the same, of one name
  std::vector<std::pair<std::string, database_figures>> databases; // with all statements
  std::vector<detail::loop_summary> actors;                        // by event loop
  std::optional<detail::span_queue::figures> spans;                // none: they are not recorded
  detail::topic_registry::figures topics;
  std::vector<std::pair<std::string, bool>> gateways;              // of a worker node: whether it has joined
};

inline constexpr const char* metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// In the text format of Prometheus. Names of services, routes and nodes may hold any bytes.
std::string to_text(const metrics& what);

} // namespace troupe::gateway
