#include "gateway/detail/admin_guard.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::gateway {
namespace {

const std::string token = "0123456789abcdef";

std::optional<response> asked(std::string target, const char* authorization = nullptr) {
  request what;
  what.path_size = static_cast<std::uint32_t>(std::min(target.find('?'), target.size()));
  what.target = std::move(target);
  if (authorization != nullptr)
    what.headers.add("Authorization", authorization);
  return refuse_admin(what, token);
}

TEST(the_admin_address, lets_in_who_shows_the_token) {
  EXPECT_FALSE(asked("/_troupe/nodes", "Bearer 0123456789abcdef"));
  EXPECT_FALSE(asked("/_troupe/nodes", "bearer   0123456789abcdef"));
}

TEST(the_admin_address, refuses_all_others_and_says_how_to_come_in) {
  const auto without = asked("/_troupe/nodes");
  ASSERT_TRUE(without);
  EXPECT_EQ(without->status, 401);
  EXPECT_EQ(without->headers.find("WWW-Authenticate"), "Bearer realm=\"admin\"");
  for (const char* wrong : {"Bearer 0123456789abcdeF", "Bearer 0123456789abcde",
                            "Bearer 0123456789abcdef0", "Bearer 0123456789abcdef ", "Bearer ",
                            "Bearer", "", "Basic 0123456789abcdef", "0123456789abcdef",
                            "Bearer0123456789abcdef", "Bearer 0123456789abcdef0123456789abcdef"}) {
    const auto refused = asked("/_troupe/nodes", wrong);
    ASSERT_TRUE(refused) << wrong;
    EXPECT_EQ(refused->status, 401) << wrong;
    EXPECT_EQ(refused->headers.find("WWW-Authenticate"),
              "Bearer realm=\"admin\", error=\"invalid_token\"");
    EXPECT_EQ(refused->body.find(token), std::string::npos);
  }
}

TEST(the_admin_address, tells_everybody_of_health_and_readiness_and_nothing_else) {
  for (const char* open : {"/healthz", "/readyz", "/healthz?x=1"})
    EXPECT_FALSE(asked(open)) << open;
  for (const char* closed : {"/", "/healthz/", "/healthz/x", "/HEALTHZ", "//healthz", "/no-such-path",
                             "/_troupe/actors", "/x?/healthz", "/%68ealthz"})
    EXPECT_TRUE(asked(closed)) << closed;
}

std::optional<response> asked_by_a_page(http_method how, const char* origin) {
  request what;
  what.method = how;
  what.target = "/_troupe/nodes/a/drain";
  what.path_size = static_cast<std::uint32_t>(what.target.size());
  if (origin != nullptr)
    what.headers.add("Origin", origin);
  return refuse_cross_site(what);
}

TEST(the_admin_address, takes_no_commands_from_pages) {
  for (const char* origin : {"https://evil.example", "http://127.0.0.1:8081", "null", ""}) {
    const auto refused = asked_by_a_page(http_method::post, origin);
    ASSERT_TRUE(refused) << origin;
    EXPECT_EQ(refused->status, 403);
  }
  EXPECT_FALSE(asked_by_a_page(http_method::post, nullptr));
  EXPECT_FALSE(asked_by_a_page(http_method::get, "https://evil.example")) << "which may not read it";
}

TEST(texts, are_compared_as_a_whole) {
  EXPECT_TRUE(equals_in_constant_time("abc", "abc"));
  for (const char* other : {"", "a", "ab", "abd", "xbc", "abca", "abcabc"})
    EXPECT_FALSE(equals_in_constant_time(other, "abc")) << other;
}

} // namespace
} // namespace troupe::gateway
