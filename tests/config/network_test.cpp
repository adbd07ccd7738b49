#include "config/network.hpp"

#include <gtest/gtest.h>
#include <utility>

namespace troupe::config {
namespace {

TEST(ip_address, is_printed_in_one_way_however_it_was_written) {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1", "127.0.0.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"::1", "::1"},
      {"::", "::"},
      {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"::ffff:c000:201", "192.0.2.1"},
      {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
  };
  for (const auto& [text, printed] : cases) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), printed);
    EXPECT_EQ(parse_address(printed), address);
  }
}

TEST(ip_address, is_nothing_else) {
  for (const std::string text :
       {"", " ", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4",
        "1.2.3.4:80", "[::1]", "::1%lo", "1::2::3", "12345::", ":", "localhost", "0x7f.0.0.1", "2130706433",
        "::ffff:1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18"})
    EXPECT_FALSE(parse_address(text)) << text;
  EXPECT_FALSE(parse_address(std::string_view{"1.2.3.4\0x", 9}));
}

TEST(a_network, is_printed_as_it_is_read) {
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},       {"0.0.0.0/0", "0.0.0.0/0"},
      {"192.0.2.7/32", "192.0.2.7"},      {"192.0.2.7", "192.0.2.7"},
      {"2001:db8::/32", "2001:db8::/32"}, {"::/0", "::/0"},
      {"::1/128", "::1"},                 {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
      {"::ffff:0:0/96", "0.0.0.0/0"},
  };
  for (const auto& [text, printed] : cases) {
    const auto what = parse_network(text);
    ASSERT_TRUE(what) << text;
    EXPECT_EQ(to_string(*what), printed);
    EXPECT_EQ(parse_network(printed), what);
  }
}

TEST(a_network, is_nothing_else) {
  for (const char* text :
       {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ",
        "10.0.0.0/8/8", "10.0.0.1/8", "::1/64", "::/129", "::ffff:0:0/95", "10.0.0.0/255.0.0.0",
        "example.org", "example.org/8", "10.0.0.0/99999999999"})
    EXPECT_FALSE(parse_network(text)) << text;
}

struct membership {
  const char* where;
  const char* address;
  bool expected;
};

TEST(a_network, holds_the_addresses_that_begin_as_it_does) {
  const membership cases[] = {
      {"10.0.0.0/8", "10.0.0.0", true},
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.128.0.0/9", "10.128.0.1", true},
      {"10.128.0.0/9", "10.127.255.255", false},
      {"192.0.2.4/30", "192.0.2.7", true},
      {"192.0.2.4/30", "192.0.2.8", false},
      {"192.0.2.4", "192.0.2.4", true},
      {"192.0.2.4", "192.0.2.5", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "192.0.2.1", false},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"fe80::/10", "febf::1", true},
      {"fe80::/10", "fec0::1", false},
      {"::1", "::1", true},
      {"::1", "127.0.0.1", false},
  };
  for (const auto& [where, address, expected] : cases)
    EXPECT_EQ(contains(*parse_network(where), *parse_address(address)), expected)
        << where << ' ' << address;
}

TEST(networks, hold_what_one_of_them_holds) {
  const std::vector list{*parse_network("10.0.0.0/8"), *parse_network("::1")};
  EXPECT_TRUE(contains(list, *parse_address("::1")));
  EXPECT_TRUE(contains(list, *parse_address("10.1.1.1")));
  EXPECT_FALSE(contains(list, *parse_address("127.0.0.1")));
  EXPECT_FALSE(contains(std::vector<network>{}, *parse_address("10.1.1.1")));
}

} // namespace
} // namespace troupe::config
