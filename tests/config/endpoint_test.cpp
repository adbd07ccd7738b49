#include "config/endpoint.hpp"

#include <gtest/gtest.h>

namespace troupe::config {
namespace {

TEST(endpoint, is_read_and_printed_in_the_same_form) {
  for (const std::string text : {"127.0.0.1:8080", "localhost:0", "[::1]:80", "[fe80::1:2]:65535",
                                 "db-1.example_x.org:1", "0.0.0.0:4242"}) {
    const auto parsed = parse_endpoint(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(to_string(*parsed), text);
  }
  EXPECT_EQ(parse_endpoint("[::1]:80"), (endpoint{"::1", 80}));
}

TEST(endpoint, refuses_what_is_no_address) {
  for (const std::string text : {"",
                                 ":",
                                 "8080",
                                 ":8080",
                                 "host",
                                 "host:",
                                 "host:-1",
                                 "host:+1",
                                 "host: 1",
                                 "host:65536",
                                 "host:1x",
                                 "host:99999999999999999999",
                                 "::1:80",
                                 "[::1]",
                                 "[]:80",
                                 "[::g]:80",
                                 "[1.2.3.4]:80",
                                 "1.2.3:80",
                                 "256.0.0.1:80",
                                 "*:80",
                                 "http://host:80",
                                 "a b:80",
                                 "-a:80",
                                 ".a:80",
                                 "h\n:80"})
    EXPECT_FALSE(parse_endpoint(text)) << text;
  EXPECT_FALSE(parse_endpoint(std::string(300, 'a') + ":80"));
  // The system's own reader of addresses would stop at the NUL.
  EXPECT_FALSE(parse_endpoint(std::string_view{"[::1\0x]:80", 10}));
  EXPECT_FALSE(parse_endpoint(std::string_view{"1.2.3.4\0x:80", 12}));
}

TEST(endpoint, knows_which_hosts_only_this_machine_reaches) {
  for (const auto* host : {"127.0.0.1", "127.255.0.9", "::1", "localhost", "LocalHost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const auto* host :
       {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost.example.org", "host", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
  EXPECT_FALSE(is_loopback({"::1\0x", 5}));
  EXPECT_TRUE(is_any_address("0.0.0.0"));
  EXPECT_TRUE(is_any_address("::"));
  EXPECT_FALSE(is_any_address("127.0.0.1"));
  EXPECT_FALSE(is_any_address("host"));
}

} // namespace
} // namespace troupe::config
