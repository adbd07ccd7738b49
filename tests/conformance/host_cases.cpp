// The Host field.
#include "tests/conformance/case.hpp"

namespace troupe::test {

namespace {

using namespace std::string_literals;

std::string with_host(const std::string& value) {
  return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n";
}

} // namespace

conformance_table host_cases() {
  using enum fate;
  return {
      {"no Host", "9112 3.2", "GET / HTTP/1.1\r\n\r\n", {400}},
      {"no Host in HTTP/1.0", "9112 3.2", "GET / HTTP/1.0\r\n\r\n", {200}, closes, "root"},
      {"two Hosts", "9112 3.2", "GET / HTTP/1.1\r\nHost: h\r\nHost: other\r\n\r\n", {400}},
      {"two equal Hosts", "9112 3.2", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", {400}},
      {"two Hosts in HTTP/1.0",
       "9112 3.2",
       "GET / HTTP/1.0\r\nHost: h\r\nHost: other\r\n\r\n",
       {400}},
      {"two Hosts, one behind other fields and in other letters",
       "9112 3.2",
       "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nhOST: other\r\n\r\n",
       {400}},
      {"an empty Host", "9110 4.2.1", with_host(""), {400}},
      {"a Host of spaces", "9110 4.2.1", with_host("  \t "), {400}},
      {"a Host that is a list", "9110 7.2", with_host("h, other"), {400}},
      {"a Host with a space", "9110 7.2", with_host("h other"), {400}},
      {"a Host with a tab", "9110 7.2", with_host("h\tother"), {400}},
      {"a Host with a path", "9110 7.2", with_host("h/path"), {400}},
      {"a Host with a query", "9110 7.2", with_host("h?a"), {400}},
      {"a Host with a fragment", "9110 7.2", with_host("h#a"), {400}},
      {"a Host that is a URI", "9110 7.2", with_host("http://h/"), {400}},
      {"a Host with user information", "9110 7.2", with_host("u@h"), {400}},
      {"a Host with a backslash", "3986 3.2.2", with_host("h\\other"), {400}},
      {"a Host in angle brackets", "3986 3.2.2", with_host("<h>"), {400}},
      {"a Host beyond ASCII", "3986 3.2.2", with_host("h\xc3\xa4"), {400}},
      {"a Host with a NUL", "3986 3.2.2", with_host("h\0x"s), {400}},
      {"a Host with an escape", "3986 3.2.2", with_host("h%C3%A4"), {200, 400}, closes_if_refused},
      {"a Host with a broken escape", "3986 3.2.2", with_host("h%zz"), {400}},
      {"a Host with a port", "3986 3.2.3", with_host("h:8080"), {200}, stays, "root"},
      {"a Host with an empty port", "3986 3.2.3", with_host("h:"), {200, 400}, closes_if_refused},
      {"the largest port", "3986 3.2.3", with_host("h:65535"), {200}, stays, "root"},
      {"a port beyond the largest", "3986 3.2.3", with_host("h:65536"), {400}},
      {"a port beyond all numbers", "3986 3.2.3", with_host("h:99999999999999999999"), {400}},
      {"a port that is no number", "3986 3.2.3", with_host("h:http"), {400}},
      {"a port with a sign", "3986 3.2.3", with_host("h:+80"), {400}},
      {"a negative port", "3986 3.2.3", with_host("h:-80"), {400}},
      {"a port with a space", "3986 3.2.3", with_host("h: 80"), {400}},
      {"a port in hexadecimal", "3986 3.2.3", with_host("h:0x50"), {400}},
      {"two ports", "3986 3.2.3", with_host("h:80:80"), {400}},
      {"a port without a host", "3986 3.2.2", with_host(":80"), {400}},
      {"an IPv4 address", "3986 3.2.2", with_host("127.0.0.1:80"), {200}, stays, "root"},
      {"an IPv6 address", "3986 3.2.2", with_host("[::1]:80"), {200}, stays, "root"},
      {"an IPv6 address without brackets", "3986 3.2.2", with_host("::1"), {400}},
      {"an IPv6 address without its end", "3986 3.2.2", with_host("[::1"), {400}},
      {"an IPv6 address of too many parts", "3986 3.2.2", with_host("[1:2:3:4:5:6:7:8:9]"), {400}},
      {"brackets around nothing", "3986 3.2.2", with_host("[]"), {400}},
      {"brackets around a name", "3986 3.2.2", with_host("[h]"), {400}},
      {"something behind the brackets", "3986 3.2.2", with_host("[::1]x"), {400}},
  };
}

} // namespace troupe::test
