#include "gateway/detail/peer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {
namespace {

using field_list = std::vector<std::pair<const char*, const char*>>;

config::http_settings trusting(const char* network) {
  config::http_settings out;
  out.trusted_proxies = {*config::parse_network(network)};
  out.forwarded = config::forwarded_fields::any;
  return out;
}

peer peer_at(const config::http_settings& settings, const char* address) {
  return {settings, config::parse_address(address)};
}

request with(const field_list& fields) {
  request out;
  for (const auto& [name, value] : fields)
    out.headers.add(name, value);
  return out;
}

/// "CLIENT SCHEME", and the names of all fields; "malformed" instead of all that.
std::string introduced(const peer& by, const field_list& fields) {
  auto what = with(fields);
  if (by.introduce(what))
    return "malformed";
  auto out = what.client + ' ' + what.scheme;
  for (std::size_t i = 0; i < what.headers.size(); ++i)
    out.append(" ").append(what.headers[i].first);
  return out;
}

const field_list both{{"Host", "a"},
                      {"Forwarded", "for=203.0.113.7;proto=https"},
                      {"X-Forwarded-For", "198.51.100.1"},
                      {"x-forwarded-port", "1"},
                      {"Accept", "*/*"}};

TEST(a_peer, that_is_not_trusted_is_the_client_and_cannot_name_another) {
  const config::http_settings nobody;
  EXPECT_EQ(introduced(peer_at(nobody, "192.0.2.1"), {{"Host", "a"}}), "192.0.2.1 http Host");
  EXPECT_EQ(introduced(peer_at(nobody, "192.0.2.1"), both), "192.0.2.1 http Host Accept");
  EXPECT_EQ(introduced(peer_at(nobody, "::ffff:192.0.2.1"), {}), "192.0.2.1 http");
  const auto others = trusting("10.0.0.0/8");
  EXPECT_EQ(introduced(peer_at(others, "192.0.2.1"), both), "192.0.2.1 http Host Accept");
  EXPECT_EQ(introduced(peer_at(others, "192.0.2.1"), {{"Forwarded", "for=\""}}), "192.0.2.1 http");
  EXPECT_EQ(introduced({others, std::nullopt}, both), " http Host Accept");
}

TEST(a_peer, that_is_trusted_names_the_client) {
  const auto settings = trusting("10.0.0.0/8");
  const auto proxy = peer_at(settings, "10.0.0.1");
  EXPECT_EQ(introduced(proxy, {{"Host", "a"}}), "10.0.0.1 http Host");
  EXPECT_EQ(introduced(proxy, {{"X-Forwarded-For", "203.0.113.7"}, {"X-Forwarded-Proto", "https"}}),
            "203.0.113.7 https X-Forwarded-For X-Forwarded-Proto");
  EXPECT_EQ(introduced(proxy, {{"Forwarded", "for=\""}}), "malformed");
}

TEST(a_peer, that_is_trusted_is_heard_in_one_kind_of_fields_and_the_other_is_removed) {
  auto settings = trusting("10.0.0.1");
  const auto proxy = peer_at(settings, "10.0.0.1");
  EXPECT_EQ(introduced(proxy, both), "203.0.113.7 https Host Forwarded Accept");
  settings.forwarded = config::forwarded_fields::x_forwarded;
  EXPECT_EQ(introduced(proxy, both),
            "198.51.100.1 http Host X-Forwarded-For x-forwarded-port Accept");
  EXPECT_EQ(introduced(proxy, {{"Forwarded", "for=\""}}), "10.0.0.1 http");
  settings.forwarded = config::forwarded_fields::forwarded;
  EXPECT_EQ(introduced(proxy, {{"X-Forwarded-For", "198.51.100.1"}}), "10.0.0.1 http");
}

TEST(a_peer, that_is_trusted_gives_the_host_that_the_client_asked_for) {
  const auto settings = trusting("10.0.0.1");
  auto what = with({{"Host", "inner"}, {"Forwarded", "for=203.0.113.7;host=a.example"}});
  EXPECT_FALSE(peer_at(settings, "10.0.0.1").introduce(what));
  EXPECT_EQ(what.host(), "a.example");
  what = with({{"Host", "outer"}, {"Forwarded", "for=203.0.113.7;host=a.example"}});
  EXPECT_FALSE(peer_at(settings, "192.0.2.1").introduce(what));
  EXPECT_EQ(what.host(), "outer");
}

// -- a PROXY header before the first request ----------------------------------------------------------

config::http_settings with_header() {
  auto out = trusting("10.0.0.0/8");
  out.proxy_protocol = config::proxy_protocol::on;
  return out;
}

proxy_header::progress read(peer& by, std::string_view bytes) {
  std::size_t used = 0;
  const auto state = by.read_header(bytes, used);
  EXPECT_EQ(used, state == proxy_header::progress::done ? bytes.size() : 0);
  return state;
}

TEST(a_proxy_header, is_taken_from_a_trusted_peer_only) {
  const auto settings = with_header();
  EXPECT_TRUE(peer_at(settings, "192.0.2.1").refused());
  EXPECT_TRUE((peer{settings, std::nullopt}.refused()));
  const auto proxy = peer_at(settings, "10.0.0.1");
  EXPECT_FALSE(proxy.refused());
  EXPECT_TRUE(proxy.awaits_header());
  const config::http_settings off;
  EXPECT_FALSE(peer_at(off, "192.0.2.1").refused());
  EXPECT_FALSE(peer_at(off, "192.0.2.1").awaits_header());
}

TEST(a_proxy_header, says_where_the_connection_comes_from) {
  const auto settings = with_header();
  auto proxy = peer_at(settings, "10.0.0.1");
  EXPECT_EQ(read(proxy, "PROXY TCP4 203.0.113.7 10.0.0.9 "), proxy_header::progress::need_more);
  EXPECT_TRUE(proxy.awaits_header());
  EXPECT_EQ(read(proxy, "PROXY TCP4 203.0.113.7 10.0.0.9 1 2\r\n"), proxy_header::progress::done);
  EXPECT_FALSE(proxy.awaits_header());
  EXPECT_FALSE(proxy.refused());
  EXPECT_EQ(introduced(proxy, both), "203.0.113.7 http Host Accept");
}

TEST(a_proxy_header, may_come_from_another_proxy_that_is_trusted_itself) {
  const auto settings = with_header();
  auto proxy = peer_at(settings, "10.0.0.1");
  EXPECT_EQ(read(proxy, "PROXY TCP4 10.0.0.2 10.0.0.9 1 2\r\n"), proxy_header::progress::done);
  EXPECT_EQ(introduced(proxy, {{"X-Forwarded-For", "198.51.100.1"}}),
            "198.51.100.1 http X-Forwarded-For");
}

TEST(a_proxy_header, that_names_nobody_leaves_the_proxy_but_nothing_else_is_believed) {
  const auto settings = with_header();
  auto proxy = peer_at(settings, "10.0.0.1");
  EXPECT_EQ(read(proxy, "PROXY UNKNOWN\r\n"), proxy_header::progress::done);
  EXPECT_EQ(introduced(proxy, both), "10.0.0.1 http Host Accept");
}

TEST(a_proxy_header, that_is_none_fails) {
  const auto settings = with_header();
  auto proxy = peer_at(settings, "10.0.0.1");
  EXPECT_EQ(read(proxy, "GET / HTTP/1.1\r\n"), proxy_header::progress::failed);
}

} // namespace
} // namespace troupe::gateway
