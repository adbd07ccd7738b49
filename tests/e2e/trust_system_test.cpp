// Whom the gateway believes: fields of proxies, PROXY headers, the token of the admin address.
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/node_list.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>
#include <set>

namespace troupe::test {
namespace {

using nlohmann::json;
using fields = std::vector<std::pair<std::string, std::string>>;

node_options with(std::vector<std::string> arguments) {
  return {"runtime-node", std::move(arguments), {}};
}

http_request origin_request(fields headers = {}) {
  return {"GET", "/origin", {}, std::move(headers)};
}

/// What the handler saw: "CLIENT SCHEME HOST", then the names of fields.
std::string told(const http_response& response) {
  if (response.status != 200)
    return std::to_string(response.status);
  const auto seen = response.json();
  auto out = seen["client"].get<std::string>() + ' ' + seen["scheme"].get<std::string>() + ' '
             + seen["host"].get<std::string>();
  for (const auto& name : seen["fields"])
    out += ' ' + name.get<std::string>();
  return out;
}

const fields forged{{"X-Forwarded-For", "203.0.113.7"},
                    {"X-Forwarded-Proto", "https"},
                    {"Forwarded", "for=203.0.113.8"}};
const std::string host = "test"; // as to_bytes has it

std::string origin_at(const gateway& node, fields headers) {
  return told(http_client{node.http_port()}.send(origin_request(std::move(headers))));
}

TEST(Trust, NobodyIsBelievedUnlessItIsConfigured) {
  const gateway node{with({})};
  EXPECT_EQ(origin_at(node, {}), "127.0.0.1 http " + host + " Host");
  EXPECT_EQ(origin_at(node, forged), "127.0.0.1 http " + host + " Host");
}

TEST(Trust, AnotherProxyIsNotBelieved) {
  const gateway node{with({"--http-trusted-proxies", "127.0.0.2"})};
  EXPECT_EQ(origin_at(node, forged), "127.0.0.1 http " + host + " Host");
}

TEST(Trust, ATrustedProxyNamesTheClient) {
  const gateway node{with({"--http-trusted-proxies", "127.0.0.0/8", "--http-forwarded", "any"})};
  EXPECT_EQ(origin_at(node, {}), "127.0.0.1 http " + host + " Host");
  EXPECT_EQ(origin_at(node, {{"X-Forwarded-For", "198.51.100.1, 203.0.113.7, 127.0.0.5"},
                             {"X-Forwarded-Proto", "https"}}),
            "203.0.113.7 https " + host + " Host X-Forwarded-For X-Forwarded-Proto");
  EXPECT_EQ(origin_at(node, {{"Forwarded", "for=\"[2001:db8::1]:99\";proto=https;host=a.example"}}),
            "2001:db8::1 https a.example Forwarded Host");
  EXPECT_EQ(origin_at(node, forged), "203.0.113.8 http " + host + " Host Forwarded");
}

TEST(Trust, AClientsForwardedDoesNotCountBehindAProxyThatSetsXForwardedFor) {
  const gateway node{with({"--http-trusted-proxies", "127.0.0.1"})};
  EXPECT_EQ(origin_at(node, {{"Forwarded", "for=198.51.100.1"}, {"X-Forwarded-For", "203.0.113.7"}}),
            "203.0.113.7 http " + host + " Host X-Forwarded-For");
}

TEST(Trust, WhatATrustedProxySaysMustBeValidAndTheConnectionGoesOn) {
  const gateway node{with({"--http-trusted-proxies", "127.0.0.1", "--http-forwarded", "any"})};
  http_connection connection{node.http_port()};
  for (const auto& wrong : {fields{{"Forwarded", "for=\""}}, fields{{"X-Forwarded-For", "somebody"}}})
    EXPECT_TRUE(is_problem(connection.exchange(to_bytes(origin_request(wrong))), 400));
  EXPECT_EQ(connection.exchange(to_bytes(origin_request())).status, 200);
}

TEST(Trust, PipelinedRequestsHaveClientsOfTheirOwnInTheAccessLogToo) {
  gateway node{with({"--http-trusted-proxies", "127.0.0.1"})};
  http_connection connection{node.http_port()};
  connection.send(to_bytes(origin_request({{"X-Forwarded-For", "203.0.113.7"}}))
                  + to_bytes(origin_request({{"X-Forwarded-For", "2001:db8::7"}}))
                  + to_bytes(origin_request()) + "nonsense\r\n\r\n");
  const std::vector<std::string> clients{"203.0.113.7", "2001:db8::7", "127.0.0.1"};
  for (const auto& client : clients)
    EXPECT_EQ(connection.read().json()["client"], client);
  EXPECT_TRUE(is_problem(connection.read(), 400));
  EXPECT_EQ(node.stop(), exit_status{});
  std::multiset<std::string> logged; // in the order in which the answers were ready
  for (const auto& entry : node.log())
    if (entry["message"] == "access")
      logged.insert(entry["client"].get<std::string>());
  EXPECT_EQ(logged, (std::multiset<std::string>{"203.0.113.7", "2001:db8::7", "127.0.0.1",
                                                "127.0.0.1"}));
}

TEST(Trust, AWorkerNodeIsToldTheClient) {
  const gateway node{with({"--http-trusted-proxies", "127.0.0.1", "--no-local-workers",
                           "--http-forwarded", "forwarded"})};
  const worker helper{node, "helper", with({})};
  ASSERT_TRUE(wait_for_nodes(node, {"helper"}));
  EXPECT_EQ(origin_at(node, {{"Forwarded", "for=203.0.113.7;proto=https"}}),
            "203.0.113.7 https " + host + " Host Forwarded");
}

// -- PROXY headers ------------------------------------------------------------------------------------

const std::string v1_header = "PROXY TCP4 203.0.113.7 127.0.0.1 12345 80\r\n";
const std::string v2_header{"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0f\xcb\x00\x71\x08\x7f\x00\x00\x01"
                            "\x30\x39\x00\x50\x04\x00\x00",
                            31};

node_options with_proxy_protocol(const char* which, std::vector<std::string> more = {}) {
  auto out = with({"--http-proxy-protocol", which, "--http-trusted-proxies", "127.0.0.1"});
  out.arguments.insert(out.arguments.end(), more.begin(), more.end());
  return out;
}

TEST(ProxyProtocol, TheHeaderSaysWhereAllRequestsOfTheConnectionComeFrom) {
  const gateway node{with_proxy_protocol("on")};
  for (const auto& [header, client] :
       {std::pair{v1_header, "203.0.113.7"}, std::pair{v2_header, "203.0.113.8"},
        std::pair{std::string{"PROXY UNKNOWN\r\n"}, "127.0.0.1"}}) {
    http_connection connection{node.http_port()};
    connection.send(header + to_bytes(origin_request()) + to_bytes(origin_request()));
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(told(connection.read()), client + (" http " + host + " Host"));
    EXPECT_EQ(told(connection.exchange(to_bytes(origin_request(forged)))),
              client + (" http " + host + " Host"));
  }
}

TEST(ProxyProtocol, TheHeaderMayComeInPieces) {
  const gateway node{with_proxy_protocol("on")};
  for (const auto& header : {v1_header, v2_header}) {
    http_connection connection{node.http_port()};
    connection.send_byte_by_byte(header + to_bytes(origin_request()));
    EXPECT_EQ(connection.read().status, 200);
  }
}

TEST(ProxyProtocol, AConnectionThatBeginsOtherwiseIsClosedWithoutAnAnswer) {
  const gateway node{with_proxy_protocol("v1")};
  for (const auto& bytes : {to_bytes(origin_request()), v2_header + to_bytes(origin_request()),
                            std::string{"PROXY TCP4 nonsense\r\n"}, "\x16\x03\x01" + v1_header}) {
    http_connection connection{node.http_port()};
    connection.send(bytes);
    EXPECT_TRUE(connection.closed_by_server()) << bytes;
  }
  EXPECT_TRUE(node.wait_for_message("closed a connection from 127\\.0\\.0\\.1: .*PROXY.*"));
  EXPECT_EQ(get(node.admin_port(), "/healthz").status, 200); // without one
}

TEST(ProxyProtocol, AConnectionThatSendsNoHeaderIsClosedInTime) {
  const gateway node{with_proxy_protocol("on", {"--http-head-timeout", "200ms"})};
  http_connection silent{node.http_port()};
  EXPECT_TRUE(silent.closed_by_server());
  http_connection half{node.http_port()};
  half.send(v1_header.substr(0, 20));
  EXPECT_TRUE(half.closed_by_server());
}

TEST(ProxyProtocol, OthersThanTrustedProxiesAreClosedAtOnce) {
  const gateway node{with({"--http-proxy-protocol", "on", "--http-trusted-proxies", "127.0.0.2"})};
  http_connection connection{node.http_port()};
  EXPECT_TRUE(connection.closed_by_server());
  EXPECT_TRUE(node.wait_for_message("closed a connection from 127\\.0\\.0\\.1: .*trusted_proxies"));
}

// -- the admin address --------------------------------------------------------------------------------

const std::string token = "a-token-for-tests-only";

http_response admin_get(const gateway& node, const std::string& target, fields headers = {}) {
  return http_client{node.admin_port()}.send({"GET", target, {}, std::move(headers)});
}

TEST(AdminToken, IsAskedForButByHealthAndReadiness) {
  gateway node{{"runtime-node", {}, {{"TROUPE_ADMIN_TOKEN", token}}}};
  for (const char* open : {"/healthz", "/readyz"})
    EXPECT_EQ(admin_get(node, open).status, 200) << open;
  for (const char* closed : {"/_troupe/nodes", "/_troupe/actors", "/no-such-path"}) {
    const auto refused = admin_get(node, closed);
    EXPECT_TRUE(is_problem(refused, 401)) << closed;
    EXPECT_EQ(refused.header("WWW-Authenticate"), "Bearer realm=\"admin\"");
    EXPECT_TRUE(is_problem(admin_get(node, closed, {{"Authorization", "Bearer wrong"}}), 401));
  }
  EXPECT_EQ(admin_get(node, "/_troupe/nodes", {{"Authorization", "Bearer " + token}}).status, 200);
  EXPECT_EQ(node.stop(), exit_status{});
  EXPECT_EQ(node.log_text().find(token), std::string::npos);
}

TEST(AdminToken, IsNotWantedByTheAddressForUsers) {
  const gateway node{{"runtime-node", {"--admin-token", token}, {}}};
  EXPECT_EQ(get(node.http_port(), "/ping").status, 200);
}

TEST(AdminToken, IsNotShownByTheCheckOfTheConfiguration) {
  const temp_directory folder;
  const auto result = run_to_end({program_path("runtime-node").string(),
                                  {"gateway", "--admin", "0.0.0.0:8081", "--check-config"},
                                  {{"TROUPE_ADMIN_TOKEN", token}},
                                  folder.path()});
  EXPECT_EQ(result.status, exit_status{}) << result.err;
  EXPECT_NE(result.out.find("admin_token = \"****\""), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find(token), std::string::npos);
}

} // namespace
} // namespace troupe::test
