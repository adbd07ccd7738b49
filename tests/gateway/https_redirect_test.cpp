#include "gateway/detail/https_redirect.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

/// "308 LOCATION", or the status alone.
std::string answer(std::string_view host, std::string target, std::uint16_t port = 443) {
  request what;
  what.target = std::move(target);
  if (!host.empty())
    what.headers.add("Host", host);
  const auto out = redirect_to_https(what, port);
  return std::to_string(out.status) + " " + std::string{out.headers.find("Location").value_or("")};
}

TEST(https_redirect, leads_to_the_same_place_over_https) {
  EXPECT_EQ(answer("a.example", "/x/%41?y=1&z"), "308 https://a.example/x/%41?y=1&z");
  EXPECT_EQ(answer("a.example:80", "/"), "308 https://a.example/");
  EXPECT_EQ(answer("[::1]:8080", "/"), "308 https://[::1]/");
}

TEST(https_redirect, names_the_port_unless_it_is_the_usual_one) {
  EXPECT_EQ(answer("a.example:8080", "/x", 8443), "308 https://a.example:8443/x");
  EXPECT_EQ(answer("[::1]", "/x", 8443), "308 https://[::1]:8443/x");
}

TEST(https_redirect, of_the_whole_server_has_no_path) {
  EXPECT_EQ(answer("a.example", "*"), "308 https://a.example");
}

TEST(https_redirect, needs_a_host) {
  EXPECT_EQ(answer("", "/"), "400 ");
}

} // namespace
} // namespace troupe::gateway
