#include "gateway/detail/metrics.hpp"

#include "tests/support/exposition.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

using namespace std::chrono_literals;
using troupe::test::exposition;
using troupe::test::parse_exposition;

loop_figures loop(unsigned index, request_counts counts) {
  loop_figures out;
  out.loop = index;
  out.routes.push_back({std::move(counts), 1, 2});
  return out;
}

request_counts one_answer(const std::string& service, const std::string& name) {
  request_counts out{service, name};
  out.answered(200, 1ms);
  return out;
}

/// What a page says of a service and a pattern of these names.
void expect_shown(const std::string& given, const std::string& shown) {
  metrics what;
  what.loops.push_back(loop(0, one_answer(given, "GET /" + given)));
  what.nodes.push_back({given, 3, 4});
  const auto page = parse_exposition(to_text(what));
  const exposition::labels of{{"service", shown}, {"method", "GET"}, {"route", "/" + shown}};
  auto with_status = of;
  with_status["status"] = "200";
  EXPECT_EQ(page.value("troupe_http_requests_total", with_status), 1) << shown;
  EXPECT_EQ(page.value("troupe_http_request_duration_seconds_count", of), 1) << shown;
  EXPECT_EQ(page.value("troupe_node_requests_outstanding", {{"node", shown}}), 3) << shown;
}

TEST(metrics, of_hostile_names_are_a_valid_page_that_gives_them_back) {
  for (const std::string name : {"plain", "a\"b", "a\\b", "a\\", "a\nb", "\"} 1\ntroupe_evil 1\n", "{x=\"y\"}",
                                 "a,b=c", " ", "#", "\u00e4\u20ac"})
    expect_shown(name, name);
  expect_shown({"nul\0byte", 8}, {"nul\0byte", 8});
}

TEST(metrics, of_names_that_are_no_utf8_are_a_valid_page) {
  expect_shown("a\xff" "b", "a\xef\xbf\xbd" "b");
  expect_shown("\xc3", "\xef\xbf\xbd");
  expect_shown("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); // a surrogate
}

TEST(metrics, add_up_the_loops_of_a_route) {
  metrics what;
  what.loops.push_back(loop(0, one_answer("shop", "GET /a")));
  what.loops.push_back(loop(1, one_answer("shop", "GET /a")));
  what.loops.push_back(loop(1, one_answer("shop", "POST /a")));
  const auto page = parse_exposition(to_text(what));
  const exposition::labels get{{"service", "shop"}, {"method", "GET"}, {"route", "/a"}};
  EXPECT_EQ(page.value("troupe_http_request_duration_seconds_count", get), 2);
  EXPECT_DOUBLE_EQ(page.value("troupe_http_request_duration_seconds_sum", get), 0.002);
  EXPECT_EQ(page.value("troupe_http_requests_in_work", get), 2);
  EXPECT_EQ(page.value("troupe_http_requests_queued", get), 4);
  auto post = get;
  post["method"] = "POST";
  EXPECT_EQ(page.value("troupe_http_request_duration_seconds_count", post), 1);
}

TEST(metrics, of_a_histogram_count_what_is_below_each_bound) {
  request_counts counts{"s", "GET /"};
  counts.answered(200, 64us);
  counts.answered(200, 65us);
  counts.answered(200, 1h);
  metrics what;
  what.loops.push_back(loop(0, counts));
  const auto page = parse_exposition(to_text(what));
  exposition::labels of{{"service", "s"}, {"method", "GET"}, {"route", "/"}};
  const auto at = [&](const char* bound) {
    of["le"] = bound;
    return page.value("troupe_http_request_duration_seconds_bucket", of);
  };
  EXPECT_EQ(at("6.4e-05"), 1);
  EXPECT_EQ(at("0.000128"), 2);
  EXPECT_EQ(at("33.554432"), 2);
  EXPECT_EQ(at("+Inf"), 3);
}

TEST(metrics, of_nodes_and_services_that_share_a_name_are_one) {
  metrics what;
  what.loops.emplace_back();
  what.nodes = {{"a", 1, 10}, {"a", 2, 20}};
  what.actors.emplace_back();
  for (std::size_t mailbox : {3U, 4U}) {
    auto& made = what.actors[0].services.emplace_back();
    made.name = "admin";
    made.mailbox = mailbox;
  }
  const auto page = parse_exposition(to_text(what));
  EXPECT_EQ(page.value("troupe_cluster_nodes"), 2);
  EXPECT_EQ(page.value("troupe_node_requests_answered_total", {{"node", "a"}}), 30);
  EXPECT_EQ(page.value("troupe_service_requests_in_work", {{"service", "admin"}, {"loop", "0"}}), 7);
}

TEST(metrics, of_statements_are_totals_of_the_database) {
  database_figures figures;
  figures.max_connections = 5;
  figures.in_use = 2;
  figures.statements.resize(2);
  figures.statements[0].count = 3;
  figures.statements[0].total = 1500us;
  figures.statements[1].count = 4;
  figures.statements[1].failures = 1;
  metrics what;
  what.databases.emplace_back("storage", figures);
  const auto page = parse_exposition(to_text(what));
  const exposition::labels of{{"database", "storage"}};
  EXPECT_EQ(page.value("troupe_database_statements_total", of), 7);
  EXPECT_EQ(page.value("troupe_database_statement_failures_total", of), 1);
  EXPECT_DOUBLE_EQ(page.value("troupe_database_statement_seconds_total", of), 0.0015);
  EXPECT_EQ(page.value("troupe_database_connections", {{"database", "storage"}, {"state", "in_use"}}), 2);
}

TEST(process_figures, are_those_of_this_process) {
  const auto found = read_process_figures();
  EXPECT_GT(found.start.count(), 1'500'000'000);
  EXPECT_GT(found.resident_bytes, 0U);
  EXPECT_GE(found.virtual_bytes, found.resident_bytes);
  EXPECT_GE(found.threads, 1U);
  EXPECT_GE(found.open_fds, 3U);
  EXPECT_GT(found.max_fds, 0U);
}

} // namespace
} // namespace troupe::gateway
