#pragma once

#include "gateway/detail/request_counts.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace troupe::gateway {

/// What one event loop of a gateway has counted since it was started. Plain memory: one thread.
struct loop_traffic {
  std::uint64_t accepted_connections = 0;
  std::uint64_t refused_connections = 0;            // too many in all
  std::uint64_t refused_connections_of_clients = 0; // too many of one client
  std::uint64_t received_bytes = 0;                 // of HTTP; of WebSockets the handshake only
  std::uint64_t sent_bytes = 0;
  std::uint64_t retried = 0;      // sent to another node, as the first one was lost or failed
  std::uint64_t hedged = 0;       // ... as the first one took long
  std::uint64_t not_repeated = 0; // neither, as too many had been: see retry_budget
  request_counts unrouted;
  latency_histogram lag;

  loop_traffic& operator+=(const loop_traffic& other) {
    accepted_connections += other.accepted_connections;
    refused_connections += other.refused_connections;
    refused_connections_of_clients += other.refused_connections_of_clients;
    received_bytes += other.received_bytes;
    sent_bytes += other.sent_bytes;
    retried += other.retried;
    hedged += other.hedged;
    not_repeated += other.not_repeated;
    unrouted += other.unrouted;
    lag += other.lag;
    return *this;
  }
};

/// What one event loop of a gateway says of itself.
struct loop_figures {
  struct of_node {
    std::uint64_t outstanding = 0;
    std::uint64_t answered = 0;
  };
  struct of_route {
    request_counts counts;
    std::size_t in_work = 0;
    std::size_t queued = 0;
  };

  unsigned loop = 0;
  loop_traffic traffic;
  std::size_t connections = 0;
  std::size_t buffered_bytes = 0;
  std::map<std::uint64_t, of_node> nodes; // by node_view::id
  std::vector<of_route> routes;           // that have had a request
};

} // namespace troupe::gateway
