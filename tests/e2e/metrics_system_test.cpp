// /metrics and /readyz of gateways and worker nodes, with exact counts.
#include "tests/e2e/http_fixture.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/problem.hpp"

#include <csignal>

namespace troupe::test {
namespace {

using nlohmann::json;

exposition::labels route(const std::string& service, const std::string& pattern) {
  return {{"service", service}, {"method", "GET"}, {"route", pattern}};
}

exposition::labels with(exposition::labels of, const std::string& name, const std::string& value) {
  of[name] = value;
  return of;
}

std::uint16_t admin_port_of(const worker& of) {
  const auto line = of.wait_for_message("admin listening on 127\\.0\\.0\\.1:\\d+");
  if (!line)
    throw std::runtime_error{of.log_text()};
  const auto message = line->at("message").get<std::string>();
  return static_cast<std::uint16_t>(std::stoi(message.substr(message.rfind(':') + 1)));
}

std::string why_not_ready(std::uint16_t admin_port) {
  const auto answer = get(admin_port, "/readyz");
  return answer.status == 503 ? answer.json().at("why").get<std::string>() : "";
}

TEST(Metrics, CountEachAnswerByItsRouteAndStatus) {
  gateway node{node_options{"fault-node", {}, {}}};
  http_client http{node.http_port()};
  const auto ask = [&](const char* target, int status, int times) {
    for (int i = 0; i < times; ++i)
      EXPECT_EQ(http.get(target).status, status) << target;
  };
  ask("/fine", 200, 3);
  ask("/missing/a", 404, 1);
  ask("/missing/b", 404, 1);
  ask("/throw", 500, 1);
  ask("/unavailable", 503, 4);
  ask("/nowhere", 404, 2);
  EXPECT_EQ(http.head("/fine").status, 200);
  EXPECT_EQ(http.post("/fine").status, 405);

  const auto page = metrics_at(node.admin_port());
  const std::string requests = "troupe_http_requests_total";
  const auto count = [&](const exposition::labels& of, const char* status) {
    return page.value(requests, with(of, "status", status));
  };
  const exposition::labels none{{"service", ""}, {"method", ""}, {"route", "none"}};
  EXPECT_EQ(count(route("faults", "/fine"), "200"), 4) << "HEAD is answered by GET";
  EXPECT_EQ(count(route("faults", "/missing/{name}"), "404"), 2) << "the pattern, not the path";
  EXPECT_EQ(count(route("faults", "/throw"), "500"), 1);
  EXPECT_EQ(count(route("faults", "/unavailable"), "503"), 4);
  EXPECT_EQ(count(none, "404"), 2);
  EXPECT_EQ(count(none, "405"), 1);
  EXPECT_EQ(page.sum(requests), 14) << "nothing else was counted";
  const std::string times = "troupe_http_request_duration_seconds_count";
  EXPECT_EQ(page.value(times, route("faults", "/fine")), 4);
  EXPECT_EQ(page.sum(times), 14);
  EXPECT_EQ(page.value("troupe_http_requests_refused_total",
                       with(route("faults", "/unavailable"), "reason", "overload")),
            0)
      << "the handler has refused them";
  EXPECT_EQ(page.sum("troupe_node_requests_answered_total"), 11);
  EXPECT_EQ(page.sum("troupe_http_connections_accepted_total"), 1);
  EXPECT_EQ(page.sum("troupe_http_connections"), 1);
}

TEST(Metrics, AreServedAsThePagesOfPrometheusAre) {
  gateway node{node_options{"fault-node", {}, {{"TROUPE_ADMIN_TOKEN", "a-token-for-tests-only"}}}};
  EXPECT_TRUE(is_problem(get(node.admin_port(), "/metrics"), 401));
  const auto answer = http_client{node.admin_port()}.send(
      {"GET", "/metrics", {}, {{"Authorization", "Bearer a-token-for-tests-only"}}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  const auto page = parse_exposition(answer.body);
  for (const char* name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
        "process_threads", "process_start_time_seconds", "troupe_cluster_nodes"})
    EXPECT_TRUE(page.has(name)) << name;
  EXPECT_EQ(page.sum("troupe_build_info"), 1);
}

TEST(Metrics, ShowWhatIsInWorkWhatIsRefusedAndWhoseClientHasGone) {
  gateway node{with_flags({"--threads", "1", "--http-max-in-work", "1", "--http-max-queued", "0"})};
  const auto nap = route("hello", "/sleep");
  const auto eventually_is = [&](const std::string& name, double value) {
    return eventually([&] {
      const auto page = metrics_at(node.admin_port());
      return page.has(name, nap) && page.value(name, nap) == value;
    });
  };
  http_connection waiting{node.http_port()};
  waiting.send(get_bytes("/sleep?ms=60000"));
  ASSERT_TRUE(eventually_is("troupe_http_requests_in_work", 1));
  EXPECT_TRUE(is_problem(get(node.http_port(), "/sleep?ms=1"), 503));
  const auto page = metrics_at(node.admin_port());
  EXPECT_EQ(page.value("troupe_http_requests_refused_total", with(nap, "reason", "queue_full")), 1);
  EXPECT_EQ(page.value("troupe_http_requests_total", with(nap, "status", "503")), 1);
  EXPECT_EQ(page.value("troupe_service_requests_in_work", {{"service", "hello"}, {"loop", "0"}}), 1);
  EXPECT_EQ(page.value("troupe_http_requests_abandoned_total", nap), 0);
  waiting.reset();
  EXPECT_TRUE(eventually_is("troupe_http_requests_abandoned_total", 1));
  EXPECT_TRUE(eventually_is("troupe_http_requests_in_work", 0));
}

TEST(Metrics, CountStatementsOfTheDatabase) {
  gateway node;
  const exposition::labels of{{"database", "storage"}};
  const auto before = metrics_at(node.admin_port()).value("troupe_database_statements_total", of);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(is_problem(get(node.http_port(), "/users/4711"), 404));
  const auto page = metrics_at(node.admin_port());
  EXPECT_EQ(page.value("troupe_database_statements_total", of), before + 3);
  EXPECT_EQ(page.value("troupe_database_statement_failures_total", of), 0);
  EXPECT_EQ(page.value("troupe_database_connections_max", of), 5);
  EXPECT_EQ(page.value("troupe_database_connections", with(of, "state", "idle")), 1);
}

TEST(Metrics, OfAWorkerNodeCountWhatItHasHandled) {
  gateway front{with_flags({"--no-local-workers"})};
  worker back{front, "back", node_options{"fault-node", {"--admin", "127.0.0.1:0"}, {}}};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(get(front.http_port(), "/fine").status, 200);
  const auto page = metrics_at(admin_port_of(back));
  double handled = 0;
  for (const auto& each : page.samples)
    if (each.name == "troupe_service_requests_handled_total" && each.of.at("service") == "faults")
      handled += each.value;
  EXPECT_EQ(handled, 5);
  EXPECT_TRUE(page.has("troupe_database_connections_max", {{"database", "storage"}}));
  EXPECT_FALSE(page.has("troupe_cluster_nodes"));
  EXPECT_EQ(metrics_at(front.admin_port()).value("troupe_node_requests_answered_total", {{"node", "back"}}), 5);
}

TEST(Readiness, OfAWorkerNodeIsToHaveJoined) {
  auto front = std::make_unique<gateway>(with_flags({"--no-local-workers"}));
  worker back{*front, "back", node_options{"fault-node", {"--admin", "127.0.0.1:0"}, {}}};
  ASSERT_TRUE(back.joined());
  const auto port = admin_port_of(back);
  EXPECT_EQ(get(port, "/healthz").json(), (json{{"status", "ok"}}));
  EXPECT_EQ(get(port, "/readyz").json(), (json{{"status", "ready"}}));
  const exposition::labels of{{"gateway", front->cluster_address()}};
  EXPECT_EQ(metrics_at(port).value("troupe_gateway_joined", of), 1);
  for (const char* there : {"/_troupe/actors", "/_troupe/database"})
    EXPECT_EQ(get(port, there).status, 200) << there;
  EXPECT_TRUE(is_problem(get(port, "/_troupe/nodes"), 404));
  EXPECT_TRUE(is_problem(get(port, "/fine"), 404)) << "requests come through the gateway";
  front->kill();
  const auto begin = "not joined to gateway " + front->cluster_address() + ": ";
  EXPECT_TRUE(eventually([&] { return why_not_ready(port).starts_with(begin); })) << why_not_ready(port);
  EXPECT_EQ(metrics_at(port).value("troupe_gateway_joined", of), 0);
  EXPECT_EQ(get(port, "/healthz").status, 200);
}

TEST(Readiness, OfAWorkerNodeSaysWhyItCouldNotJoin) {
  worker back{"127.0.0.1:1", "back", node_options{"fault-node", {"--admin", "127.0.0.1:0"}, {}}};
  const auto port = admin_port_of(back);
  EXPECT_TRUE(eventually([&] {
    return why_not_ready(port)
           == "not joined to gateway 127.0.0.1:1: cannot be reached: Connection refused";
  })) << why_not_ready(port);
}

TEST(Readiness, OfAGatewaySaysWhyNot) {
  gateway front{with_flags({"--no-local-workers"})};
  const auto answer = get(front.admin_port(), "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.json(), (json{{"status", "not ready"}, {"why", "no worker node is joined"}}));
}

TEST(Readiness, OfAGatewayThatStopsIsOver) {
  gateway node;
  http_connection waiting{node.http_port()};
  waiting.send(get_bytes("/sleep?ms=60000"));
  ASSERT_TRUE(eventually([&] { return outstanding(node) == 1; }));
  node.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return why_not_ready(node.admin_port()) == "draining"; }));
  node.signal(SIGTERM);
  EXPECT_EQ(node.wait(30s), exit_status{});
}

} // namespace
} // namespace troupe::test
