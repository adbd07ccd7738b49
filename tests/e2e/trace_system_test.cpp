// The way of a trace: from the client's field through gateway, worker node and database to logs, files and receivers.
#include "tests/support/eventually.hpp"
#include "tests/support/exposition.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/otlp_receiver.hpp"
#include "tests/support/postgres_database.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

using nlohmann::json;

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string client_span = "00f067aa0ba902b7";
const std::string sampled = "00-" + trace + '-' + client_span + "-01";
const std::string unsampled = "00-" + trace + '-' + client_span + "-00";

node_options traced(std::vector<std::string> flags) {
  return {"trace-node", std::move(flags), {}};
}

http_request with_trace(const std::string& target, const std::string& traceparent) {
  return {"GET", target, {}, {{"traceparent", traceparent}, {"tracestate", "vendor=1"}}};
}

/// What the log has of that message, of the same trace.
std::vector<json> lines_of(const node& of, const std::string& message, const std::string& trace_id) {
  auto out = of.log();
  std::erase_if(out, [&](const json& line) {
    return line["message"].get<std::string>().find(message) == std::string::npos
           || line.value("trace_id", "") != trace_id;
  });
  return out;
}

TEST(Traces, LinkClientGatewayWorkerNodeAndDatabase) {
  gateway front{traced({"--no-local-workers", "--trace-accept", "any", "--trace-export", "spans"})};
  worker back{front, "back", traced({"--trace-export", "spans", "--storage-slow-statement", "1ms"})};
  ASSERT_TRUE(wait_for_nodes(front, {"back"}));
  http_client http{front.http_port()};
  const auto shown = http.send(with_trace("/show/me", sampled)).json();
  ASSERT_EQ(http.send(with_trace("/count", sampled)).status, 200);
  ASSERT_EQ(back.stop(), exit_status{});
  ASSERT_EQ(front.stop(), exit_status{});

  const auto at_front = read_otlp_file(front.directory() / "spans");
  const auto at_back = read_otlp_file(back.directory() / "spans");
  const auto& server = find_span(at_front, trace, "GET /show/{name}");
  const auto& handler = find_span(at_back, trace, "traces: GET /show/{name}");
  EXPECT_EQ(server.parent, client_span);
  EXPECT_EQ(server.kind, 2);
  EXPECT_EQ(server.service, "trace-node");
  EXPECT_EQ(server.attributes.at("http.response.status_code"), "200");
  EXPECT_EQ(server.attributes.at("http.route"), "/show/{name}");
  EXPECT_EQ(server.attributes.at("troupe.node"), "back");
  EXPECT_EQ(handler.parent, server.id);
  EXPECT_EQ(handler.instance, "back");
  EXPECT_EQ(handler.attributes.at("troupe.request_id"), server.attributes.at("troupe.request_id"));
  EXPECT_FALSE(server.failed || handler.failed);
  EXPECT_EQ(at_back.size(), 4U); // and a statement of each
  const auto is_statement = [&](const otlp_span& each) { return each.parent == handler.id; };
  const auto statement = std::find_if(at_back.begin(), at_back.end(), is_statement);
  ASSERT_NE(statement, at_back.end());
  EXPECT_EQ(statement->name, "SELECT");
  EXPECT_EQ(statement->kind, 3);
  EXPECT_EQ(statement->attributes.at("db.query.text"), "SELECT 6 * $1 AS answer");
  EXPECT_EQ(statement->attributes.at("db.response.returned_rows"), "1");

  EXPECT_EQ(shown["request"]["trace_id"], trace);
  EXPECT_EQ(shown["request"]["parent_id"], handler.id);
  EXPECT_EQ(shown["request"], shown["context"]);
  EXPECT_EQ(shown["tracestate"], "vendor=1");
  EXPECT_EQ(lines_of(front, "access", trace).size(), 2U) << front.log_text();
  EXPECT_EQ(lines_of(back, "showing", trace).size(), 1U) << back.log_text();
  EXPECT_EQ(lines_of(back, "shown", trace).size(), 1U) << back.log_text();
  EXPECT_EQ(lines_of(back, "WITH RECURSIVE", trace).size(), 1U) << back.log_text();
}

TEST(Traces, ThatAreNotSampledAreLoggedAndPassedOnOnly) {
  gateway node{traced({"--trace-accept", "any", "--trace-export", "spans", "--trace-sample", "0"})};
  http_client http{node.http_port()};
  const auto shown = http.send(with_trace("/show/me", unsampled)).json();
  EXPECT_EQ(shown["request"]["traceparent"], unsampled);
  EXPECT_EQ(shown["context"]["sampled"], false);
  EXPECT_EQ(http.get("/show/me").json()["request"], nullptr);
  EXPECT_EQ(node.stop(), exit_status{});
  EXPECT_EQ(lines_of(node, "showing", trace).size(), 1U) << node.log_text();
  EXPECT_EQ(lines_of(node, "access", trace).size(), 1U) << node.log_text();
  EXPECT_EQ(lines_of(node, "showing", "").size(), 1U) << node.log_text();
  EXPECT_EQ(lines_of(node, "access", "").size(), 1U) << node.log_text();
  EXPECT_TRUE(read_otlp_file(node.directory() / "spans").empty());
}

TEST(Traces, OfStrangersAreNotBelieved) {
  gateway node{traced({"--trace-export", "spans", "--trace-sample", "1"})};
  const auto shown = http_client{node.http_port()}.send(with_trace("/show/me", sampled)).json();
  EXPECT_NE(shown["request"]["trace_id"], trace);
  EXPECT_EQ(shown["tracestate"], "");
  EXPECT_EQ(node.stop(), exit_status{});
  const auto spans = read_otlp_file(node.directory() / "spans");
  EXPECT_EQ(find_span(spans, shown["request"]["trace_id"].get<std::string>(), "GET /show/{name}").parent, "");
}

TEST(Traces, OfTrustedProxiesAre) {
  gateway node{traced({"--http-trusted-proxies", "127.0.0.1"})};
  const auto shown = http_client{node.http_port()}.send(with_trace("/show/me", sampled)).json();
  EXPECT_EQ(shown["request"]["traceparent"], sampled); // no span of ours is between
}

TEST(Traces, FollowTasksAndTellOfFailures) {
  gateway node{traced({"--trace-accept", "any", "--trace-export", "spans", "--trace-sql-comments"})};
  http_client http{node.http_port()};
  EXPECT_EQ(http.send(with_trace("/count", sampled)).json(), json::parse(R"({"i": 300000})"));
  EXPECT_EQ(http.send(with_trace("/spawn", sampled)).status, 200);
  EXPECT_EQ(http.send(with_trace("/fail", sampled)).status, 500);
  EXPECT_EQ(http.send(with_trace("/refuse", sampled)).status, 500);
  EXPECT_EQ(http.send(with_trace("/nowhere", sampled)).status, 404);
  EXPECT_EQ(node.stop(), exit_status{});
  EXPECT_EQ(lines_of(node, "told by a task", trace).size(), 1U) << node.log_text();
  EXPECT_EQ(lines_of(node, "on purpose", trace).size(), 1U) << node.log_text();
  const auto spans = read_otlp_file(node.directory() / "spans");
  EXPECT_TRUE(find_span(spans, trace, "GET /fail").failed);
  EXPECT_TRUE(find_span(spans, trace, "traces: GET /fail").failed);
  EXPECT_FALSE(find_span(spans, trace, "traces: GET /spawn").failed);
  EXPECT_TRUE(find_span(spans, trace, "INSERT").failed);
  for (const auto& each : spans)
    if (each.name == "GET")
      EXPECT_EQ(each.attributes.at("http.response.status_code"), "404");
}

TEST(Traces, ReachAReceiver) {
  const otlp_receiver receiver;
  gateway node{traced({"--trace-export", receiver.url(), "--trace-sample", "1"})};
  http_client http{node.http_port()};
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(http.get("/show/me").status, 200);
  EXPECT_TRUE(receiver.wait_for_spans(15)); // while the node runs
  EXPECT_TRUE(eventually([&] { // the receiver hears of them before its answer is counted
    const auto page = metrics_at(node.admin_port());
    return page.value("troupe_trace_spans_exported_total") == 15;
  }));
  EXPECT_EQ(http.get("/spawn").status, 200);
  EXPECT_EQ(node.stop(), exit_status{});
  EXPECT_EQ(receiver.spans().size(), 17U);
  EXPECT_TRUE(receiver.complaints().empty()) << receiver.complaints().front();
}

void expect_served(gateway& node) {
  http_client http{node.http_port()};
  for (int i = 0; i < 500; ++i)
    ASSERT_EQ(http.get("/show/me").status, 200);
}

TEST(Traces, WhoseReceiverIsAwayAreCountedAndHarmNothing) {
  gateway node{traced({"--trace-export", "http://127.0.0.1:" + std::to_string(free_port()), "--trace-sample", "1"})};
  expect_served(node);
  EXPECT_TRUE(node.wait_for_message("traces cannot be exported: .*Connection refused"));
  EXPECT_TRUE(eventually([&] {
    const auto page = metrics_at(node.admin_port());
    return page.value("troupe_trace_spans_dropped_total", {{"reason", "not_exported"}}) > 0;
  }));
  expect_served(node);
  EXPECT_EQ(node.stop(), exit_status{});
}

TEST(Traces, WhoseReceiverKeepsSilentHarmNothing) {
  const otlp_receiver receiver{otlp_receiver::manner::keeps_silent};
  gateway node{traced({"--trace-export", receiver.url(), "--trace-sample", "1"})};
  expect_served(node);
  ASSERT_TRUE(receiver.wait_for_requests(1));
  expect_served(node); // while the exporter waits
  EXPECT_EQ(node.stop(), exit_status{});
}

TEST(Traces, AreNotExportedToAFileThatCannotBeOpened) {
  const auto node = run_to_end({program_path("trace-node").string(),
                                {"gateway", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--cluster",
                                 "127.0.0.1:0", "--trace-export", "/no/such/folder/spans"},
                                {},
                                {}});
  EXPECT_EQ(node.status, exit_status{2});
  EXPECT_NE(node.err.find("trace.export: /no/such/folder/spans: No such file"), std::string::npos) << node.err;
}

TEST(Traces, AreToldToPostgresWhereTheSettingSaysSo) {
  if (!postgres_server())
    GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
  const postgres_database database;
  gateway node{traced({"--storage", database.url(), "--trace-accept", "any", "--trace-export", "spans",
                       "--trace-sql-comments"})};
  http_client http{node.http_port()};
  const auto plain = http.send(with_trace("/statement", unsampled)).json()["query"].get<std::string>();
  EXPECT_EQ(plain.find("traceparent"), std::string::npos);
  for (int i = 0; i < 3; ++i) {
    const auto told = http.send(with_trace("/statement", sampled)).json()["query"].get<std::string>();
    EXPECT_EQ(told.find(plain + "\n/*traceparent='00-" + trace), 0U) << told;
    EXPECT_TRUE(told.ends_with("-01'*/")) << told;
  }
}

} // namespace
} // namespace troupe::test
