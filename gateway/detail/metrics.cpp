#include "gateway/detail/metrics.hpp"

#include "gateway/detail/metric_families.hpp"

#include <map>
#include <tuple>

namespace troupe::gateway {

namespace {

using labels = metric_families::labels;

double number(std::uint64_t count) noexcept {
  return static_cast<double>(count);
}

void add_process(metric_families& to, const process_figures& what) {
  to.counter("process_cpu_seconds_total", "Time of processors used, user and system, in seconds.")
    .add({}, what.cpu.count());
  to.gauge("process_resident_memory_bytes", "Memory in use that is not swapped out.")
    .add({}, number(what.resident_bytes));
  to.gauge("process_virtual_memory_bytes", "Address space in use.").add({}, number(what.virtual_bytes));
  to.gauge("process_open_fds", "Open files and sockets.").add({}, number(what.open_fds));
  to.gauge("process_max_fds", "Files and sockets that may be open.").add({}, number(what.max_fds));
  to.gauge("process_threads", "Threads of the process.").add({}, number(what.threads));
  to.gauge("process_start_time_seconds", "When the process was started, in seconds since 1970.")
    .add({}, what.start.count());
}

using routes_by_name =
  std::map<std::tuple<std::string, std::string, std::string>, loop_figures::of_route>;

/// The routes of all loops together; what is of no route has the pattern "none" alone.
routes_by_name sum_up_routes(const std::vector<loop_figures>& loops) {
  routes_by_name out;
  const auto add = [&](const request_counts& counts) -> loop_figures::of_route& {
    auto& sum = out[{counts.service(), counts.pattern(), counts.method()}];
    sum.counts += counts;
    return sum;
  };
  for (const auto& loop : loops) {
    add(loop.traffic.unrouted);
    for (const auto& each : loop.routes) {
      auto& sum = add(each.counts);
      sum.in_work += each.in_work;
      sum.queued += each.queued;
    }
  }
  return out;
}

void add_routes(metric_families& to, const std::vector<loop_figures>& loops) {
  auto& answers = to.counter("troupe_http_requests_total", "Requests answered, by status.");
  auto& times = to.histogram("troupe_http_request_duration_seconds",
                             "Time from a request's head to the end of its answer, in seconds.");
  auto& in_work = to.gauge("troupe_http_requests_in_work", "Requests that a worker has.");
  auto& queued = to.gauge("troupe_http_requests_queued", "Requests that wait for a place in work.");
  auto& refused = to.counter("troupe_http_requests_refused_total",
                             "Requests that the gateway itself has answered with 503, by reason.");
  auto& abandoned = to.counter("troupe_http_requests_abandoned_total",
                               "Requests whose client had gone before the answer.");
  for (const auto& [name, each] : sum_up_routes(loops)) {
    const auto& [service, pattern, method] = name;
    const auto is_route = !pattern.empty();
    const labels of{{"service", service}, {"method", method}, {"route", is_route ? pattern : "none"}};
    for (const auto& [status, count] : each.counts.answers()) {
      auto with_status = of;
      with_status.emplace_back("status", std::to_string(status));
      answers.add(std::move(with_status), number(count));
    }
    times.add(of, each.counts.times());
    abandoned.add(of, number(each.counts.abandoned_ones()));
    if (!is_route)
      continue;
    in_work.add(of, number(each.in_work));
    queued.add(of, number(each.queued));
    for (std::size_t i = 0; i < refusal_count; ++i) {
      auto with_reason = of;
      with_reason.emplace_back("reason", to_string(static_cast<refusal>(i)));
      refused.add(std::move(with_reason), number(each.counts.refused_for(static_cast<refusal>(i))));
    }
  }
}

/// Those of one loop together.
std::map<unsigned, loop_figures> sum_up_loops(const std::vector<loop_figures>& all) {
  std::map<unsigned, loop_figures> out;
  for (const auto& each : all) {
    auto& sum = out[each.loop];
    sum.connections += each.connections;
    sum.buffered_bytes += each.buffered_bytes;
    sum.traffic += each.traffic;
  }
  return out;
}

void add_loops(metric_families& to, const std::vector<loop_figures>& all) {
  auto& open = to.gauge("troupe_http_connections", "Connections that are open.");
  auto& accepted = to.counter("troupe_http_connections_accepted_total", "Connections taken.");
  auto& refused = to.counter("troupe_http_connections_refused_total",
                             "Connections refused: too many in all, or of one client.");
  auto& received = to.counter("troupe_http_received_bytes_total", "Bytes of requests.");
  auto& sent = to.counter("troupe_http_sent_bytes_total", "Bytes of answers.");
  auto& repeated = to.counter("troupe_http_requests_repeated_total",
                              "Requests sent to a second node: the first was lost (retry) or slow (hedge).");
  auto& not_repeated = to.counter("troupe_http_requests_not_repeated_total",
                                  "Requests not sent to a second node, as a tenth of all had been.");
  auto& buffered = to.gauge("troupe_http_buffered_bytes", "Bytes kept for clients.");
  auto& lag = to.histogram("troupe_loop_lag_seconds",
                           "How long an event waits behind all that are due, in seconds.");
  for (const auto& [index, each] : sum_up_loops(all)) {
    const labels of{{"loop", std::to_string(index)}};
    open.add(of, number(each.connections));
    accepted.add(of, number(each.traffic.accepted_connections));
    refused.add({of[0], {"reason", "in_all"}}, number(each.traffic.refused_connections));
    refused.add({of[0], {"reason", "of_client"}}, number(each.traffic.refused_connections_of_clients));
    received.add(of, number(each.traffic.received_bytes));
    sent.add(of, number(each.traffic.sent_bytes));
    repeated.add({of[0], {"reason", "retry"}}, number(each.traffic.retried));
    repeated.add({of[0], {"reason", "hedge"}}, number(each.traffic.hedged));
    not_repeated.add(of, number(each.traffic.not_repeated));
    buffered.add(of, number(each.buffered_bytes));
    lag.add(of, each.traffic.lag);
  }
}

void add_nodes(metric_families& to, const std::vector<metrics::node>& all) {
  std::map<std::string, metrics::node> by_name;
  for (const auto& each : all) {
    by_name[each.name].outstanding += each.outstanding;
    by_name[each.name].answered += each.answered;
  }
  to.gauge("troupe_cluster_nodes", "Nodes that answer requests.").add({}, number(all.size()));
  auto& outstanding = to.gauge("troupe_node_requests_outstanding", "Requests that the node has.");
  auto& answered = to.counter("troupe_node_requests_answered_total", "Requests that it has answered.");
  for (const auto& [name, each] : by_name) {
    outstanding.add({{"node", name}}, number(each.outstanding));
    answered.add({{"node", name}}, number(each.answered));
  }
}

void add_databases(metric_families& to,
                   const std::vector<std::pair<std::string, database_figures>>& all) {
  auto& allowed = to.gauge("troupe_database_connections_max", "Connections that may be open.");
  auto& open = to.gauge("troupe_database_connections", "Connections that are open, by state.");
  auto& waiting = to.gauge("troupe_database_waiting",
                           "Statements and transactions that wait for a connection.");
  auto& handed_over = to.counter("troupe_database_handed_over_total",
                                 "What was asked of its fallback instead, while it was away.");
  auto& statements = to.counter("troupe_database_statements_total", "Statements carried out.");
  auto& failures = to.counter("troupe_database_statement_failures_total", "Those that have failed.");
  auto& seconds = to.counter("troupe_database_statement_seconds_total",
                             "Time they took at the database, in seconds.");
  for (const auto& [name, each] : all) {
    const labels of{{"database", name}};
    allowed.add(of, number(each.max_connections));
    open.add({of[0], {"state", "in_use"}}, number(each.in_use));
    open.add({of[0], {"state", "idle"}}, number(each.idle));
    waiting.add(of, number(each.waiting));
    handed_over.add(of, number(each.handed_over));
    database_figures::statement sum;
    for (const auto& statement : each.statements) {
      sum.count += statement.count;
      sum.failures += statement.failures;
      sum.total += statement.total;
    }
    statements.add(of, number(sum.count));
    failures.add(of, number(sum.failures));
    seconds.add(of, std::chrono::duration<double>{sum.total}.count());
  }
}

void add_actors(metric_families& to, const std::vector<detail::loop_summary>& loops) {
  auto& actors = to.gauge("troupe_actors", "Actors and supervisors.");
  auto& mailboxes = to.gauge("troupe_service_requests_in_work", "Requests that a worker actor has.");
  auto& handled = to.counter("troupe_service_requests_handled_total",
                             "Requests that a worker actor has handled.");
  auto& restarts = to.counter("troupe_service_restarts_total", "How often it was begun anew.");
  for (std::size_t i = 0; i < loops.size(); ++i) {
    const auto loop = std::to_string(i);
    actors.add({{"loop", loop}}, number(loops[i].actors));
    std::map<std::string, detail::actor_view> by_name; // the node's own may be called like one of them
    for (const auto& each : loops[i].services) {
      auto& sum = by_name[each.name];
      sum.mailbox += each.mailbox;
      sum.handled += each.handled;
      sum.restarts += each.restarts;
    }
    for (const auto& [name, each] : by_name) {
      const labels of{{"service", name}, {"loop", loop}};
      mailboxes.add(of, number(each.mailbox));
      handled.add(of, number(each.handled));
      restarts.add(of, number(each.restarts));
    }
  }
}

void add_gateways(metric_families& to, const std::vector<std::pair<std::string, bool>>& all) {
  auto& joined = to.gauge("troupe_gateway_joined", "Whether this worker node has joined the gateway.");
  for (const auto& [address, is_joined] : all)
    joined.add({{"gateway", address}}, is_joined ? 1 : 0);
}

void add_topics(metric_families& to, const detail::topic_registry::figures& what) {
  to.counter("troupe_topic_values_published_total", "Values that were published on this node.")
    .add({}, number(what.published));
  to.counter("troupe_topic_values_received_total", "Values from other nodes for those who listen here.")
    .add({}, number(what.received));
  to.counter("troupe_topic_values_missed_total", "Values that were left out on their way here.").add({}, number(what.missed));
}

void add_spans(metric_families& to, const detail::span_queue::figures& what) {
  to.counter("troupe_trace_spans_exported_total", "Spans that have arrived where trace.export says.")
    .add({}, number(what.exported));
  auto& dropped = to.counter("troupe_trace_spans_dropped_total", "Spans that have not, by reason.");
  dropped.add({{"reason", "queue_full"}}, number(what.dropped));
  dropped.add({{"reason", "not_exported"}}, number(what.lost));
}

} // namespace

std::string to_text(const metrics& what) {
  metric_families out;
  out.gauge("troupe_build_info", "The version of Troupe, as a label.").add({{"version", what.version}}, 1);
  if (!what.loops.empty()) {
    add_routes(out, what.loops);
    add_loops(out, what.loops);
    add_nodes(out, what.nodes);
  }
  add_gateways(out, what.gateways);
  add_databases(out, what.databases);
  add_actors(out, what.actors);
  add_topics(out, what.topics);
  if (what.spans)
    add_spans(out, *what.spans);
  add_process(out, what.process);
  return out.text();
}

} // namespace troupe::gateway
