#include "gateway/detail/forwarded.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace troupe::gateway {
namespace {

using elements = std::vector<forwarded_element>;

struct good {
  const char* value;
  elements expected;
};

TEST(forwarded, is_read_with_the_whole_syntax) {
  const std::vector<good> cases{
    {"", {}},
    {" , ,\t", {}},
    {"for=192.0.2.60;proto=http;by=203.0.113.43", {{"192.0.2.60", "203.0.113.43", "", "http"}}},
    {"For=\"[2001:db8:cafe::17]:4711\"", {{"[2001:db8:cafe::17]:4711", "", "", ""}}},
    {"for=192.0.2.43, for=198.51.100.17",
     {{"192.0.2.43", "", "", ""}, {"198.51.100.17", "", "", ""}}},
    {"for=_hidden, for=_SEVKISEK", {{"_hidden", "", "", ""}, {"_SEVKISEK", "", "", ""}}},
    {"for=a,,for=b,", {{"a", "", "", ""}, {"b", "", "", ""}}},
    {"HOST=\"a.example:8080\";PROTO=https", {{"", "", "a.example:8080", "https"}}},
    {"for=a ; proto=https", {{"a", "", "", "https"}}},
    {";for=a;;", {{"a", "", "", ""}}},
    {";", {{"", "", "", ""}}},
    {"for=\"a,b;c=d\"", {{"a,b;c=d", "", "", ""}}},
    {R"(for="a\"\\b")", {{R"(a"\b)", "", "", ""}}},
    {"secret=x;for=a;secret=\"y\"", {{"a", "", "", ""}}},
    {"for=\"\"", {{"", "", "", ""}}},
  };
  for (const auto& each : cases) {
    const auto read = parse_forwarded(each.value);
    ASSERT_TRUE(read) << each.value;
    EXPECT_EQ(*read, each.expected) << each.value;
  }
}

TEST(forwarded, is_malformed_as_a_whole_when_a_part_of_it_is) {
  for (const std::string value :
       {"for", "for=", "=a", "for =a", "for= a", "for=a b", "for=a for=b", "for=a;for=b",
        "for=a;FOR=\"b\"", "for=[::1]", "for=::1", "for=\"a", "for=\"a\\", "for=\"a\"b", "\"for\"=a",
        "for=a;=b", "for=a, for=\"b", "for=192.0.2.1:80", "a", "for=\x80", "for=\"a\x01\""})
    EXPECT_FALSE(parse_forwarded(value)) << value;
}

TEST(a_node, is_an_address_or_hidden) {
  const std::pair<const char*, const char*> cases[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"192.0.2.1:80", "192.0.2.1"},
    {"192.0.2.1:_port", "192.0.2.1"},
    {"[2001:db8::1]", "2001:db8::1"},
    {"[2001:db8::1]:65535", "2001:db8::1"},
    {"[::ffff:192.0.2.1]", "192.0.2.1"},
    {"2001:db8::1", "2001:db8::1"},
    {"unknown", ""},
    {"Unknown:80", ""},
    {"_hidden", ""},
    {"_hid-d.en_1:_p", ""},
  };
  for (const auto& [text, expected] : cases) {
    const auto node = parse_node(text);
    ASSERT_TRUE(node) << text;
    EXPECT_EQ(node->address ? config::to_string(*node->address) : "", expected) << text;
  }
  for (const char* text :
       {"", "_", "-", "localhost", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456",
        "192.0.2.1:80:80", "[192.0.2.1]", "[::1", "::1]", "[::1]80", "[::1]:", "[]", "[", "_a b", "_a:", "unknown:_",
        "192.0.2.1 ", "[::1%lo]", "192.0.2.1:-1"})
    EXPECT_FALSE(parse_node(text)) << text;
}

// -- whom it makes the client -------------------------------------------------------------------------

header_list with(const std::vector<std::pair<const char*, const char*>>& fields) {
  header_list out;
  for (const auto& [name, value] : fields)
    out.add(name, value);
  return out;
}

/// "CLIENT SCHEME HOST", or "malformed"; the proxy 10.0.0.1 has sent it, 10.0.0.0/8 is trusted.
std::string origin_of(const elements& said) {
  const auto found =
    find_origin(said, *config::parse_address("10.0.0.1"), {*config::parse_network("10.0.0.0/8")});
  if (std::holds_alternative<failure>(found))
    return "malformed";
  const auto& origin = std::get<forwarded_origin>(found);
  return config::to_string(origin.client) + ' ' + origin.scheme + ' ' + origin.host;
}

std::string by_forwarded(const std::vector<const char*>& values) {
  header_list headers;
  for (const auto* value : values)
    headers.add("forwarded", value);
  return origin_of(forwarded_elements(headers));
}

TEST(the_client, is_the_first_from_the_end_that_is_not_trusted) {
  EXPECT_EQ(by_forwarded({"for=203.0.113.7"}), "203.0.113.7  ");
  EXPECT_EQ(by_forwarded({"for=198.51.100.1, for=203.0.113.7"}), "203.0.113.7  ");
  EXPECT_EQ(by_forwarded({"for=203.0.113.7, for=10.0.0.3, for=10.0.0.2"}), "203.0.113.7  ");
  EXPECT_EQ(by_forwarded({"for=198.51.100.1", "for=203.0.113.7, for=10.0.0.2"}), "203.0.113.7  ");
  EXPECT_EQ(by_forwarded({"for=\"[2001:db8::1]:80\""}), "2001:db8::1  ");
  EXPECT_EQ(by_forwarded({"for=10.0.0.9, for=10.0.0.2"}), "10.0.0.9  "); // all of the house
}

TEST(the_client, is_the_proxy_that_does_not_name_it) {
  EXPECT_EQ(by_forwarded({"for=unknown;proto=https"}), "10.0.0.1 https ");
  EXPECT_EQ(by_forwarded({"for=203.0.113.7, for=_hidden, for=10.0.0.2"}), "10.0.0.2  ");
  EXPECT_EQ(by_forwarded({"proto=https"}), "10.0.0.1 https ");
  EXPECT_EQ(by_forwarded({""}), "10.0.0.1  ");
}

TEST(the_client, cannot_break_what_the_proxy_has_added) {
  EXPECT_EQ(by_forwarded({"for=\"", "for=203.0.113.7"}), "203.0.113.7  ");
  EXPECT_EQ(by_forwarded({"for=nonsense, for=203.0.113.7"}), "203.0.113.7  ");
  EXPECT_EQ(by_forwarded({"for=\", for=203.0.113.7"}), "malformed"); // not the proxy's own address
  EXPECT_EQ(by_forwarded({"for=nonsense"}), "malformed");
  EXPECT_EQ(by_forwarded({"for=nonsense, for=10.0.0.2"}), "malformed");
}

TEST(scheme_and_host, are_those_of_the_element_that_names_the_client) {
  EXPECT_EQ(by_forwarded({"for=203.0.113.7;proto=HTTPS;host=a.example, for=10.0.0.2;proto=http"}),
            "203.0.113.7 https a.example");
  EXPECT_EQ(by_forwarded({"for=1.2.3.4;proto=https;host=evil, for=203.0.113.7"}), "203.0.113.7  ");
  EXPECT_EQ(by_forwarded({"for=203.0.113.7;proto=gopher"}), "malformed");
  EXPECT_EQ(by_forwarded({"for=203.0.113.7;host=\"a b\""}), "malformed");
}

TEST(x_forwarded, says_the_same_in_three_fields) {
  const auto says = [](const std::vector<std::pair<const char*, const char*>>& fields) {
    return origin_of(x_forwarded_elements(with(fields)));
  };
  EXPECT_EQ(says({{"X-Forwarded-For", "203.0.113.7"}}), "203.0.113.7  ");
  EXPECT_EQ(says({{"x-forwarded-for", "198.51.100.1, 203.0.113.7,10.0.0.2"}}), "203.0.113.7  ");
  EXPECT_EQ(says({{"X-Forwarded-For", "203.0.113.7"}, {"X-Forwarded-For", "10.0.0.2"}}),
            "203.0.113.7  ");
  EXPECT_EQ(says({{"X-Forwarded-For", "2001:db8::1"}}), "2001:db8::1  ");
  EXPECT_EQ(says({{"X-Forwarded-For", "203.0.113.7:1234"}}), "203.0.113.7  ");
  EXPECT_EQ(says({{"X-Forwarded-For", "evil, 203.0.113.7"}}), "203.0.113.7  ");
  EXPECT_EQ(says({{"X-Forwarded-For", "evil"}}), "malformed");
  EXPECT_EQ(says({{"X-Forwarded-Port", "443"}}), "10.0.0.1  ");
  EXPECT_EQ(says({{"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "a.example"}}),
            "10.0.0.1 https a.example");
  EXPECT_EQ(says({{"X-Forwarded-For", "203.0.113.7, 10.0.0.2"}, {"X-Forwarded-Proto", "https"}}),
            "203.0.113.7 https ");
  EXPECT_EQ(
    says({{"X-Forwarded-For", "203.0.113.7, 10.0.0.2"}, {"X-Forwarded-Proto", "https, http"}}),
    "203.0.113.7 https ");
  EXPECT_EQ(
    says({{"X-Forwarded-For", "203.0.113.7"}, {"X-Forwarded-Proto", "https, http"}}),
    "203.0.113.7 http ");
  EXPECT_EQ(says({{"X-Forwarded-For", "203.0.113.7"}, {"X-Forwarded-Proto", "wss"}}),
            "203.0.113.7 https ");
}

} // namespace
} // namespace troupe::gateway
